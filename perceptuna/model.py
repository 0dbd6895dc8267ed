"""A trained model, which answers rows as they were read: a DataFrame, arrays, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptuna.errors import one_tree
from search.given.asked import Rows

if TYPE_CHECKING:
    import keras
    import numpy as np

    from search.models.saved_model import OpenModel, SavedModel

__all__ = ["Model", "load_model"]


def load_model(path: str | Path) -> Model:
    """A `.keras` file that `finalize` or `export` wrote, with the facts beside it.

    >>> pt.load_model("flowers.keras").predict(frame)[:2]
    array(['long', 'long'], dtype='<U5')

    Raises:
        InputError: one of the two files is not there, or is none of these.
    """
    from search.models.saved_model import model_in_file

    with one_tree():
        return Model(model_in_file(Path(path)))


class Model:
    """A model that takes rows as they were read: preprocessing is part of it. It is loaded at the first question.

    >>> model = study.best_model()
    >>> model.task
    'binary'
    >>> model.classes
    ('long', 'short')
    """

    def __init__(self, saved: SavedModel) -> None:
        self._saved = saved
        self._open: OpenModel | None = None

    @property
    def path(self) -> Path:
        """The file, which Keras opens by itself.

        >>> model.path.suffix
        '.keras'
        """
        return self._saved.path

    @property
    def task(self) -> str:
        """binary, multiclass or regression; multilabel or multioutput where it has several `targets`.

        >>> model.task
        'binary'
        """
        return self._saved.spec.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the columns of `predict_proba`; none where it answers a quantity.

        >>> model.classes
        ('long', 'short')
        """
        return self._saved.spec.class_names

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of several targets, in the order of the columns of `predict`; none where there is one.

        >>> model.targets
        ()
        """
        return tuple(one.name for one in self._saved.spec.targets)

    def predict(self, rows: Rows) -> np.ndarray[Any, Any]:
        """The class of each row, or its quantity: (rows,), in their order. Classes are text, or whole numbers.

        Of several targets (rows, targets).

        Columns are found by their names and read as in training; others are ignored, the target too. What training
        never saw is warned of.

        >>> model.predict(frame)[:2]
        array(['long', 'long'], dtype='<U5')

        Raises:
            InputError: the rows are not as those of training.
        """
        from search.answering.answers import classes_of

        values, spec = self._answered(rows), self._saved.spec
        return values if spec.of_quantities else classes_of(values, self._saved)

    def predict_proba(self, rows: Rows) -> np.ndarray[Any, Any]:
        """The probability of each class: (rows, classes). Of several labels that of each one's second class.

        >>> model.predict_proba(frame).shape
        (100, 2)

        Raises:
            InputError: the rows are not as those of training, or the model answers a quantity.
        """
        from search.errors import InputError

        if self._saved.spec.of_quantities:
            what = "quantities, which have" if self.targets else "a quantity, which has"
            raise InputError(f"{self.path} answers {what} no probabilities; ask it by predict")
        return self._answered(rows)

    def evaluate(self, rows: Rows, y: Any = None) -> dict[str, Any]:
        """How good its answers for rows are whose target is known, as `perceptuna evaluate --json` prints it.

        `y` is the target of arrays; a DataFrame or a file has it in the column of its name.

        >>> model.evaluate(frame)["rows"]
        100

        Raises:
            InputError: the rows are not as those of training, or have no target.
        """
        from search.answering.evaluating import evaluate
        from search.given.asked import new_rows
        from search.machine.cores import available_cores

        with one_tree(), new_rows(rows, y, header=self._saved.header) as request:
            return evaluate(self._saved, request, threads=available_cores()).to_json()

    def to_keras(self) -> keras.Model:
        """The model itself.

        >>> type(model.to_keras()).__name__
        'Functional'
        """
        return self._opened().model

    def _opened(self) -> OpenModel:
        from search.machine.cores import available_cores
        from search.models.saved_model import open_model

        if self._open is None:
            with one_tree():
                self._open = open_model(self._saved, available_cores())
        return self._open

    def _answered(self, rows: Rows) -> np.ndarray[Any, Any]:
        from search.answering.answers import answered
        from search.given.asked import new_rows, warned

        with one_tree(), new_rows(rows, header=self._saved.header) as request:
            found = answered(self._opened(), request)
        warned(found.remarks)
        return found.values

    def __repr__(self) -> str:
        return f"Model({str(self.path)!r}, {self.task})"

    def __dir__(self) -> list[str]:
        return ["classes", "evaluate", "path", "predict", "predict_proba", "targets", "task", "to_keras"]
