"""Notes of studies, in optuna-dashboard's own form: Markdown in pieces, each a system attribute of the study.

Its `save_note` writes the same, but importing the package takes a second and a hundred megabytes (pandas and
scikit-learn come with it), which every driver would pay. A test reads these notes back through the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

_VERSION = "dashboard:note_ver"
_PIECE = "dashboard:note_str:"
_PIECE_CHARACTERS = 2045


def read_note(study: optuna.Study) -> str:
    """The note of `study`; empty where there is none."""
    attributes = _attributes(study)
    pieces = sum(key.startswith(_PIECE) for key in attributes)
    return "".join(str(attributes.get(f"{_PIECE}{number}", "")) for number in range(pieces))


def write_note(study: optuna.Study, text: str) -> None:
    """Replace the note of `study`: one write for every 2,045 characters, one for its version.

    The version comes last. Pages that are open take a note when its version is new, and then it is whole.
    """
    storage, attributes = study._storage, _attributes(study)
    pieces = [text[start : start + _PIECE_CHARACTERS] for start in range(0, len(text), _PIECE_CHARACTERS)]
    left_over = sum(key.startswith(_PIECE) for key in attributes) - len(pieces)
    for number, piece in enumerate([*pieces, *[""] * left_over]):
        storage.set_study_system_attr(study._study_id, f"{_PIECE}{number}", piece)
    storage.set_study_system_attr(study._study_id, _VERSION, int(attributes.get(_VERSION, 0)) + 1)


def _attributes(study: optuna.Study) -> dict[str, Any]:
    return study._storage.get_study_system_attrs(study._study_id)
