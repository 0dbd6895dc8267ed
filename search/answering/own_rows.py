"""Files that a study has for itself: those of its search, and that of its test rows, at which a look counts."""

from __future__ import annotations

import filecmp
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from search.data.reading.known_digests import fingerprint_file
from search.study.record_of_looks import looks, new_look, record_look, record_seen

if TYPE_CHECKING:
    from search.answering.evaluation import Evaluation
    from search.models.saved_model import SavedModel
    from search.study.study import Study

Side = Literal["searched", "test"]


def side_of(study: Study, source: str) -> Side | None:
    """What the study has done with the rows of `source`, by content, where its rows are in several files."""
    own = study.settings.data_request()
    if len(own.files) == 1:
        return None
    if own.test is not None and _same(source, own.test):
        return "test"
    searched = (own.source, own.validation)
    return "searched" if any(file is not None and _same(source, file) for file in searched) else None


def record_opening(study: Study, saved: SavedModel) -> str:
    """Write down that the best model of `study` sees its test rows; the name of the look, for `record_measured`."""
    trial = study.complete_trial(None).number
    model = hashlib.sha256(f"evaluate {fingerprint_file(saved.path)}".encode()).hexdigest()
    record_look(study, model, new_look(study, study, trial=trial, trained=trial))
    return model


def record_measured(study: Study, model: str, found: Evaluation) -> str:
    """Complete that look by what was seen, and say which it is."""
    measured = {one.metric: one for one in found.metrics}
    if (value := measured.get(study.metric.removeprefix("val_"))) is not None:
        record_seen(
            study,
            model,
            value=value.value,
            interval=value.interval,
            measured={name: one.value for name, one in measured.items()},
            intervals_beside={},
        )
    seen = looks(study)
    count = "once" if len(seen) == 1 else f"{len(seen)} times"
    return (
        f"these are the test rows of study '{study.name}', and this look at them is recorded as those of `perceptuna "
        f"finalize` are: they have been looked at {count}, and whoever chooses by what they say has no unseen rows left"
    )


def _same(one: str, other: str) -> bool:
    return Path(one).is_file() and Path(other).is_file() and filecmp.cmp(one, other, shallow=False)
