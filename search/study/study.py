"""A study: find it, load it, know where it stands, delete it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from search.errors import InputError
from search.settings.aims import front_of, signed
from search.settings.metrics import Direction, direction_of, sign_of
from search.settings.settings import StudySettings
from search.settings.study_name import quote_name
from search.study.look import keep_looks_of
from search.study.optuna_log import quiet_optuna
from search.study.rows_beside import rows_named, with_rows_beside
from search.study.study_record import StudyRecord, all_study_records
from search.study.trial_record import TrialRecord, TrialRecords
from spaces import Space
from spaces.errors import did_you_mean
from storage import (
    StorageURL,
    artifact_folder,
    open_artifacts,
    open_storage,
    study_lock,
)
from storage.artifacts import remove_artifact_file, study_artifacts, trial_artifacts
from storage.kept_rows import remove_unnamed
from storage.refusals import opening
from storage.tables import are_unmade

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna
    from optuna.trial import TrialState

    from search.data import DataSpec
    from storage.study_storage import StudyStorage


# Databases count to that.
_NO_TRIAL = 2**31


class NoSuchTrial(InputError):
    """A study has no trial of that number."""


@dataclass(frozen=True)
class Study:
    """One Optuna study together with what perceptuna keeps in it."""

    name: str
    url: StorageURL
    optuna: optuna.Study

    @property
    def storage(self) -> StudyStorage:
        """What `open_storage` opened for it."""
        return cast("StudyStorage", self.optuna._storage)

    @property
    def record(self) -> StudyRecord:
        """What is kept of it now."""
        return StudyRecord(f"study '{self.name}' in {self.url}", self.optuna.user_attrs)

    @cached_property
    def settings(self) -> StudySettings:
        """As they were when the study was created or last resumed; `metric` is what the study has, not a default.

        So it stays with all that goes by these settings, also where a later version has another default.
        """
        kept = self.record.settings.model_copy(update={"metric": self.metric})
        return with_rows_beside(kept, self.url)

    @cached_property
    def space(self) -> Space:
        """The space that is searched, narrowed to what has a meaning for the data."""
        return self.record.space

    @cached_property
    def data(self) -> DataSpec:
        """What the data was when the study was created."""
        return self.record.data

    @property
    def rows_judged_by(self) -> int:
        """How many rows a trial's value is of: the validation rows or, in folds, the training rows as well."""
        rows = self.data.rows
        return rows.validation + (rows.train if self.settings.folds is not None else 0)

    @property
    def metric(self) -> str:
        return self.record.metric

    @property
    def direction(self) -> Direction:
        return direction_of(self.metric)

    @property
    def aims(self) -> tuple[str, ...]:
        """What it searches for: its metric, and what else it aims at."""
        return self.settings.aims or (self.metric,)

    @property
    def has_several_aims(self) -> bool:
        return len(self.optuna.directions) > 1

    def refuse_foreign(self) -> None:
        """Raises InputError where another program made the study, of which nothing is known."""
        self.record.refuse_foreign()

    @property
    def companion_of(self) -> str | None:
        """The study that it is about, where it is no search of its own."""
        return self.record.companion_of

    @property
    def go_on(self) -> str:
        """The command that goes on with it."""
        kept = self.record.go_on
        return resume_command(self.name, self.url) if kept is None else kept

    @property
    def artifact_folder(self) -> Path:
        """Where its models and curves are."""
        return artifact_folder(self.url, self.record.artifact_folder)

    @property
    def identity(self) -> str:
        """Tells it from an earlier study of its name."""
        return self.record.identity

    @cached_property
    def _records(self) -> TrialRecords:
        return TrialRecords()

    def trials(self, states: Sequence[TrialState] | None = None) -> list[TrialRecord]:
        """All attempts by number, or those in one of `states`."""
        return self._records.all(self.optuna.get_trials(deepcopy=False, states=states))

    def next_original_number(self) -> int:
        """That of the next new configuration: behind all here, and behind those of the study that it continues."""
        before = self.record.continues
        return max(0 if before is None else before.numbers, *(one.original + 1 for one in self.trials()), 0)

    def finished(self) -> list[TrialRecord]:
        """Trials that count toward the budget: those with an end that is their own."""
        return [trial for trial in self.trials() if trial.counts]

    def ranked(self) -> list[TrialRecord]:
        """Complete trials, best first; of equal values the one that was complete first, whose model was kept.

        Of several aims, by the first alone; `front` has those that are best in some trade between all of them.

        Without those of an earlier study whose values are another quantity, on other data perhaps.
        """
        return [trial for trial in self._complete() if trial.is_comparable]

    def not_comparable(self) -> list[TrialRecord]:
        """Complete trials of an earlier study that are not `ranked`, best first."""
        return [trial for trial in self._complete() if not trial.is_comparable]

    def _complete(self) -> list[TrialRecord]:
        from optuna.trial import TrialState

        sign = sign_of(self.optuna.directions[0].name.lower())
        return sorted(
            self.trials(states=(TrialState.COMPLETE,)),
            key=lambda trial: (-sign * (trial.value or 0.0), trial.datetime_complete, trial.number),
        )

    def best_trial(self) -> TrialRecord | None:
        """The first of `ranked`, which of several aims is the best in the first; None before there is one.

        (Optuna leaves it to the database which of equal trials it names, so that the answer may change.)
        """
        if len(self.optuna.directions) != 1 and self.record.is_foreign:
            return None
        return next(iter(self.ranked()), None)

    def front(self) -> list[TrialRecord]:
        """Trials of `ranked` that none other is as good as in all aims and better in one; best first in the first aim.

        Of one aim, the best trial alone.
        """
        found = [trial for trial in self.ranked() if trial.values is not None]
        points = [signed(self.aims, trial.values or ()) for trial in found]
        return [found[place] for place in front_of(points)]

    def trial(self, number: int, option: str = "--trial") -> TrialRecord:
        """Trial `number`, which `option` named.

        Raises:
            NoSuchTrial: there is none.
        """
        found = self._one_trial(number)
        if found is None:
            known = len(self.trials())
            there = f"0 to {known - 1}" if known else "none yet"
            raise NoSuchTrial(f"{option}: study '{self.name}' has trials {there}, but got {number}")
        return found

    def _one_trial(self, number: int) -> TrialRecord | None:
        """None where there is none; others are not read for it."""
        if not 0 <= number < _NO_TRIAL:
            return None
        storage = self.optuna._storage
        try:
            found = storage.get_trial_id_from_study_id_trial_number(self.optuna._study_id, number)
        except KeyError:
            return None
        return self._records.of(storage.get_trial(found))

    def complete_trial(self, number: int | None) -> TrialRecord:
        """Trial `number`, or the best one.

        Raises:
            InputError: there is none, it is not complete, or another program made the study.
        """
        self.refuse_foreign()
        best = self.best_trial()
        if best is None:
            raise InputError(
                f"study '{self.name}' has no complete trial yet; "
                f"wait for one, or go on with it: `{self.go_on}`"
            )
        trial = best if number is None else self.trial(number)
        if trial.state.name != "COMPLETE":
            raise InputError(
                f"--trial: expected a complete trial, but trial {number} is {trial.state.name.lower()}"
            )
        return trial


def resume_command(name: str, url: StorageURL) -> str:
    """The command that goes on with a search of that name."""
    return f"perceptuna resume {name}{url.option}"


def study_names(url: StorageURL) -> list[str]:
    """Names of all studies at `url`, in order of creation; none where the tables are not made yet.

    Raises:
        DatabaseUnusable: see `storage.check_database`; the folder of the file has to be there.
    """
    with opening(url):
        if are_unmade(url):
            return []
    import optuna

    return optuna.get_all_study_names(open_storage(url))


def load_study(name: str, url: StorageURL, storage: StudyStorage | None = None) -> Study:
    """An existing study, in `storage` where the database at `url` is open already. Reads only.

    Raises:
        InputError: there is no such study.
    """
    import optuna

    quiet_optuna()
    storage = storage or open_storage(url)
    try:
        # A RandomSampler: building trials of this study must not sample anything.
        loaded = optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler())
    except KeyError:
        known = optuna.get_all_study_names(storage)
        listed = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
        hint = did_you_mean(name, known) or f"; there are: {listed or 'none'}"
        raise InputError(f"no study {quote_name(name)} in {url}{hint}") from None
    return Study(name, url, loaded)


def find_study(name: str, url: StorageURL, storage: StudyStorage) -> Study | None:
    """The study of that name in `storage`, the database at `url`; None where there is none. Reads only."""
    try:
        storage.get_study_id_from_name(name)
    except KeyError:
        return None
    return load_study(name, url, storage)


def companions_of(study: Study) -> list[Study]:
    """Studies of planned trainings about this one, over its connection."""
    return [
        load_study(name, study.url, study.storage)
        for name, other in all_study_records(study.storage).items()
        if other.companion_of == study.name
    ]


def delete_with_companions(study: Study) -> list[str]:
    """`delete_study`, of it and before it of the studies that `finalize` and `ablate` made about it; their names."""
    doomed = [*companions_of(study), study]
    for one in doomed:
        delete_study(one)
    return [one.name for one in doomed]


def delete_study(study: Study) -> None:
    """Remove a study, its trials, its artifacts, and rows that a program handed over if no other study has them.

    The record of looks at its test split stays.

    Raises:
        StudyBusy: it is being driven.
    """
    import optuna

    with study_lock(study.url, study.name):
        keep_looks_of(study.storage, study.name, study.record)
        folder = study.artifact_folder
        if folder.is_dir():
            store = open_artifacts(folder)
            ids = [artifact for trial in study.trials() for artifact in trial_artifacts(trial.optuna)]
            for artifact in [*ids, *study_artifacts(study.optuna)]:
                remove_artifact_file(store, artifact)
        rows = rows_named(study.record)
        optuna.delete_study(study_name=study.name, storage=study.optuna._storage)
        remove_unnamed(study.url, rows)
