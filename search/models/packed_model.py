"""A model as bytes, which need no file and no study: what a pickled estimator carries."""

from __future__ import annotations

from typing import Any

from search.data import DataSpec
from search.machine.temporary import temporary_folder
from search.models.saved_model import ENDING, OpenModel, SavedModel, open_model
from search.training.decision import USUAL


class PackedModel:
    """The bytes of a `.keras` file, as JSON what its rows have to be, and its threshold. Its pickle holds nothing else.

    Keras opens the bytes in its safe mode, which runs no code from the file.
    """

    def __init__(self, keras: bytes, spec: str, threshold: float = USUAL) -> None:
        self.keras = keras
        self.spec = spec
        self.threshold = threshold
        self._opened: OpenModel | None = None

    @classmethod
    def of(cls, saved: SavedModel) -> PackedModel:
        """A copy of what is in a file."""
        return cls(saved.path.read_bytes(), saved.spec.model_dump_json(), saved.threshold)

    def opened(self, threads: int) -> OpenModel:
        """The model, loaded the first time that somebody asks; `threads` as for `open_model`.

        Raises:
            InputError: the bytes are no model for such rows.
        """
        if self._opened is None:
            spec = DataSpec.model_validate_json(self.spec)
            with temporary_folder() as folder:
                file = folder / f"model{ENDING}"
                file.write_bytes(self.keras)
                self._opened = open_model(SavedModel(file, spec, threshold=self.threshold), threads)
        return self._opened

    def __getstate__(self) -> dict[str, Any]:
        return {"keras": self.keras, "spec": self.spec, "threshold": self.threshold}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
