"""The study's note, which every dashboard shows: what is searched, how to go on, and the best so far."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from search.driving.listener import Ending, Listener
from search.references.words import values_in_words
from search.settings.aims import aims_in_words
from search.settings.settings import StudySettings
from search.study.at_best import beside
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import number
from search.text.printable import printable, printable_lines
from storage.notes import read_note, write_note

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.driving.progress import Progress
    from search.references.record import Reference

END = (
    "*Kept up to date by perceptuna down to this line. What is written below it stays; "
    "without this line the whole note is yours.*"
)
_SECONDS = 30.0


class NoteKeeper(Listener):
    """Writes the note when something in it has changed, and no oftener than the pages that show it need.

    There is nothing in it that changes with each trial: a note is several writes to the study's attributes, which
    every reader of the study reads too.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._changed = True
        self._written = float("-inf")

    def best_changed(self, progress: Progress) -> None:
        self._changed = True

    def reference_ended(self, progress: Progress, reference: Reference) -> None:
        self._changed = True

    def ticked(self, progress: Progress) -> None:
        """Write it if it was never written, or if the best is another trial and the last writing is a while ago."""
        if self._changed and time.monotonic() - self._written > _SECONDS:
            self.write()

    def ended(self, progress: Progress, ending: Ending) -> None:
        self.write()

    def write(self) -> None:
        """Bring the note up to date now. What a person wrote into it stays."""
        now = read_note(self._study.optuna)
        wanted = merged(now, note_text(self._study, self._study.best_trial()))
        if wanted != now:
            write_note(self._study.optuna, wanted)
        self._changed, self._written = False, time.monotonic()


def merged(now: str, text: str) -> str:
    """`text` above the line in place of what is there now; a note without the line is a person's own."""
    above, line, below = now.partition(END)
    if above and not line:
        return now
    return f"{text}\n{END}" + (below or "\n\n")


def note_text(study: Study, best: TrialRecord | None) -> str:
    """Markdown; what people have named is escaped."""
    settings = study.settings
    direction = "as high as possible" if study.direction == "maximize" else "as low as possible"
    lines = [
        f"## {escaped(study.name)}",
        f"Searches hyperparameters of Keras MLPs for `{study.metric}`, {direction}."
        if study.companion_of is None
        else f"Trains configurations of study {escaped(study.companion_of)} again, to draw a conclusion about it; "
        "no search of its own.",
        *_continues(study),
        *_aims(study),
        f"**{'Best by the first aim' if study.has_several_aims else 'Best so far'}:** {_best_words(study, best)}",
        *_references(study),
        f"**Data:** {escaped(settings.data)}: {_data_words(study.data)}",
        f"**Settings:** {_settings_words(settings)}",
        f"**Space:** {escaped(settings.space)}: {study.space.summary()}",
        _code(study.space.to_toml()),
        "**Go on** to the budget, or past it by `--add`:" if study.companion_of is None else "**Go on:**",
        _code(study.go_on),
    ]
    return "\n\n".join(lines) + "\n"


def _aims(study: Study) -> list[str]:
    return [f"**{aims_in_words(study.aims).capitalize()}.**"] if study.has_several_aims else []


def _continues(study: Study) -> list[str]:
    before = study.record.continues
    return [] if before is None else [f"**Continues** an earlier study: {escaped(before.words())}."]


def _references(study: Study) -> list[str]:
    values = values_in_words(study.record.references, study.metric)
    return [f"**To compare with**, on the same rows: {values}"] if values else []


def _best_words(study: Study, best: TrialRecord | None) -> str:
    if best is None:
        return "no complete trial yet"
    what = best.describe(study.space)
    link = f"[trial {best.number}](trials?numbers={best.number})"
    beside_it = "".join(f", {name} {number(of)}" for name, of in beside(study.metric, best.stored).items())
    return f"{number(best.value)}{beside_it} by {link}: {escaped(what)}"


def _data_words(data: DataSpec) -> str:
    shape = " × ".join(map(str, data.input_shape))
    words = [
        _task_words(data),
        f"{data.kind} of {shape}" + " features" * (data.kind != "image"),
        f"{data.rows.train:,} rows to train on, {data.rows.validation:,} to compare on, {data.rows.test:,} sealed",
    ]
    if data.split:
        words.append(escaped(data.split))
    if data.target is not None:
        words.insert(0, f"to predict {escaped(data.target)}")
    return "; ".join(words)


def _task_words(data: DataSpec) -> str:
    if data.targets:
        return f"{data.task}, {len(data.targets)} {'quantities' if data.of_quantities else 'labels'}"
    return data.task if data.task == "regression" else f"{data.task}, {len(data.class_names)} classes"


def _settings_words(settings: StudySettings) -> str:
    patience = settings.patience_within(settings.epochs)
    of_folds = "" if settings.folds is None else f" on each of {settings.folds} folds"
    return (
        f"{settings.trials:,} trials of up to {settings.epochs:,} epochs{of_folds}, patience {patience:,}; "
        f"sampler {escaped(settings.sampler)}, pruner {escaped(settings.pruner)}, seed {settings.seed}, "
        f"precision {settings.precision}"
    )


def escaped(text: str) -> str:
    """`text` that Markdown takes as nothing but text (CommonMark 0.31, 2.4: any punctuation may be escaped)."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(printable(text).split()))


def _code(text: str) -> str:
    # Indented, not fenced: nothing within can end it.
    return "\n".join(f"    {line}" for line in printable_lines(text).split("\n"))
