"""A study as an object to look at, in a notebook or a script."""

from __future__ import annotations

import html
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.analysis.facts.comparison import Comparison, sentences_of, settings_sentence
from search.analysis.facts.comparison import rows_of as comparison_rows
from search.analysis.facts.leaderboard import Entry, front, leaderboard
from search.analysis.facts.table_rows import (
    factor_rows,
    front_columns,
    leaderboard_columns,
    race_headers,
    race_rows,
    rows_of,
)
from search.analysis.terminal.ablation import ablation_facts, ablation_view
from search.analysis.terminal.as_text import as_text
from search.analysis.terminal.comparison import comparison_view
from search.analysis.terminal.confirmation import conclusion_view
from search.analysis.terminal.study import study_view
from search.conclusion.ablation.record import Ablation
from search.conclusion.ablation.words import Importances, chance, headline, sentence
from search.conclusion.confirmation.record import Conclusion
from search.conclusion.confirmation.words import (
    against_references,
    averaged,
    left_out,
    steps,
    verdict,
)
from search.conclusion.confirmation.words_of_looks import opened
from search.machine.plain_keras import import_keras
from search.models.export import export_model
from search.settings.chosen_metric import remark_on_accuracy
from search.settings.metrics import told_beside
from search.study.history import history_of
from search.study.look import Look
from search.study.record_of_looks import looks
from search.study.study import Study, load_study
from storage import StorageURL
from storage.urls import DEFAULT_URL

if TYPE_CHECKING:
    import keras
    import pandas as pd


class Leaderboard(list[Entry]):
    """Trials, best first, which show themselves as a table: of a leaderboard, or of the front of several aims."""

    def __init__(self, metric: str, entries: Iterable[Entry], aims: Sequence[str] = ()) -> None:
        super().__init__(entries)
        self._metric = metric
        self._aims = aims

    def frame(self) -> pd.DataFrame:
        """The table in words, without the time that each took."""
        import pandas as pd

        all_columns = (
            front_columns(self._aims, self) if self._aims else leaderboard_columns(self._metric, self)
        )
        columns = [column for column in all_columns if column.name != "time"]
        return pd.DataFrame(rows_of(columns, self), columns=[column.name for column in columns])

    def __repr__(self) -> str:
        return self.frame().to_string(index=False) if self else "no complete trial yet"

    def _repr_html_(self) -> str:
        return self.frame().to_html(index=False, border=0) if self else "<p>no complete trial yet</p>"


@dataclass(frozen=True, repr=False)
class NotebookStudy(Study):
    """A `Study` that shows itself as its leaderboard.

    What it returns is of the moment: a study may be running.
    """

    def __repr__(self) -> str:
        return as_text(study_view(self, 10))

    def _repr_html_(self) -> str:
        """The leaderboard as a table, for notebooks."""
        head = f"<p>study <b>{html.escape(self.name)}</b>: {len(self.finished())} finished trials</p>"
        shown = self.front_board() if self.has_several_aims else self.leaderboard()
        return head + shown._repr_html_()

    def leaderboard(self, top: int | None = 10) -> Leaderboard:
        """The `top` complete trials, best first."""
        return Leaderboard(self.metric, leaderboard(self, top))

    def front_board(self) -> Leaderboard:
        """The front of several aims, best first in the first; of one aim, the best trial."""
        return Leaderboard(self.metric, front(self), self.aims)

    def trials_frame(self) -> pd.DataFrame:
        """One row per finished trial, by its number: state, value, seconds, hyperparameters as they were suggested.

        Columns: `state`, `origin` (of a trial of an earlier study), the study's metric, its training twin and what is
        told beside it at the best epoch, other aims, `best_epoch`, `epochs`, `parameters`, `seconds`, and one for each
        parameter of the space (empty where a condition was not met).
        """
        import pandas as pd

        metrics = self.metric, self.metric.removeprefix("val_"), *told_beside(self.metric)
        kept = "best_epoch", "epochs", "parameters", "seconds"
        metrics = tuple(dict.fromkeys((*metrics, *(aim for aim in self.aims if aim not in kept))))
        rows = {
            trial.number: {
                "state": trial.state.name.lower(),
                "origin": trial.adopted.words() if trial.adopted else None,
                **{name: trial.at_best(name) for name in metrics},
                **dict(zip(self.aims[1:], (trial.values or ())[1:], strict=False)),
                **{name: getattr(trial, name) for name in kept},
                **trial.params,
            }
            for trial in self.trials()
            if trial.counts or trial.is_adopted
        }
        names = ["state", "origin", *metrics, *kept, *self.space.parameters]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=names)
        return frame.rename_axis("trial").dropna(axis="columns", how="all")

    def history(self, trial: int) -> pd.DataFrame:
        """What a trial measured in each epoch: one row per epoch, counted from 1."""
        import pandas as pd

        measured = pd.DataFrame(history_of(self, self.trials()[trial]))
        measured.index = pd.RangeIndex(1, len(measured) + 1, name="epoch")
        return measured

    def best_model(self) -> keras.Model:
        """The model of the best trial, preprocessing included: it takes rows or images as they were read.

        Raises:
            InputError: no trial is complete yet.
        """
        with tempfile.TemporaryDirectory() as folder:
            path, _ = export_model(self, Path(folder, "best.keras"), refit=False)
            from search.machine.tensorflow_start import tensorflow_log_silenced

            with tensorflow_log_silenced():
                return import_keras().saving.load_model(path)

    def report(self, path: str | Path) -> Path:
        """Write the study as one HTML file that can be sent to somebody; `perceptuna report` writes the same."""
        from search.analysis.report import write_report

        write_report(self, Path(path))
        return Path(path)


def storage_url(storage: str | Path | None = None) -> StorageURL:
    """Of a URL or an SQLite file; $PERCEPTUNA_STORAGE or `perceptuna.db` when not given."""
    return StorageURL.parse(str(storage or os.environ.get("PERCEPTUNA_STORAGE") or DEFAULT_URL))


def open_study(name: str, storage: str | Path | StorageURL | None = None) -> NotebookStudy:
    """See `search.load_study`."""
    loaded = load_study(name, storage if isinstance(storage, StorageURL) else storage_url(storage))
    return NotebookStudy(loaded.name, loaded.url, loaded.optuna)


@dataclass(frozen=True)
class Concluded:
    """What `finalize` came to, and what is told beside it: looks at the test split, a remark on the metric."""

    conclusion: Conclusion
    looks: list[Look]
    remark: str | None


def concluded_of(study: Study, conclusion: Conclusion) -> Concluded:
    """A conclusion of a study that is here."""
    return Concluded(conclusion, looks(study), remark_on_accuracy(study.metric, study.data))


def concluded_there(told: Mapping[str, Any]) -> Concluded:
    """One of a team's service, as that tells it."""
    seen = [Look.model_validate(look) for look in told["looks"]]
    return Concluded(Conclusion.model_validate(told["finalized"]), seen, told["remark"])


def conclusion_text(found: Concluded) -> str:
    """What `finalize` ends with, as text."""
    return as_text(conclusion_view(found.conclusion, found.looks, found.remark))


def conclusion_html(found: Concluded) -> str:
    """The same as tables and paragraphs, for notebooks."""
    conclusion = found.conclusion
    import pandas as pd

    race = pd.DataFrame(list(race_rows(conclusion)), columns=race_headers(conclusion))
    values = pd.DataFrame(steps(conclusion), columns=[f"trial {conclusion.winner}", conclusion.metric, ""])
    told = [*averaged(conclusion), *against_references(conclusion), opened(conclusion.test, found.looks)]
    remark = found.remark
    parts = [
        race.to_html(index=False, border=0),
        *_paragraphs([verdict(conclusion), *left_out(conclusion)]),
        values.to_html(index=False, border=0),
        *_paragraphs([*told, *([] if remark is None else [remark])]),
    ]
    return "".join(parts)


def ablation_json(found: Ablation, importances: Importances) -> dict[str, Any]:
    """As `perceptuna ablate --json` has it."""
    return ablation_facts(found, importances)


def ablation_text(found: Ablation, importances: Importances) -> str:
    """What `ablate` ends with, as text."""
    return as_text(ablation_view(found, importances))


def ablation_frame(found: Ablation) -> pd.DataFrame:
    """The factors, in words."""
    import pandas as pd

    names = ["factor", "from -> to", f"change of {found.metric}", "parameters", "time"]
    return pd.DataFrame(list(factor_rows(found)), columns=names)


def ablation_html(found: Ablation) -> str:
    """The same as a table and paragraphs, for notebooks."""
    told = [headline(found), *(sentence(effect, found.metric) for effect in found.effects), chance(found)]
    return ablation_frame(found).to_html(index=False, border=0) + "".join(_paragraphs(told))


def comparison_text(found: Comparison) -> str:
    """Studies side by side, as text."""
    return as_text(comparison_view(found))


def comparison_html(found: Comparison) -> str:
    """The same as tables and paragraphs, for notebooks."""
    import pandas as pd

    names = [one.study for one in found.studies]
    tables = [pd.DataFrame(comparison_rows(found), columns=["", *names])]
    if found.settings:
        differing = [(name, *values) for name, values in found.settings]
        tables.append(pd.DataFrame(differing, columns=["what differs", *names]))
    told = [*found.space, settings_sentence(found), *sentences_of(found)]
    shown = [one.to_html(index=False, border=0) for one in tables]
    return "".join([*shown, *_paragraphs(line for line in told if line)])


def _paragraphs(sentences: Iterable[str]) -> list[str]:
    return [f"<p>{html.escape(sentence)}</p>" for sentence in sentences]
