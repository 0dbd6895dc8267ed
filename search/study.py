"""A study: create it, load it, and know where it stands."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

from search.attempts import REQUEUED, counts
from search.errors import InputError
from search.metrics import Direction, choose_metric, direction_of
from search.origin import ADOPTED, CONTINUES, Adoption
from search.planned import PLAN, PLANNED, plan_json
from search.pruners import build_pruner
from search.samplers import build_sampler
from search.settings import StudySettings, quote_name
from spaces import Space
from spaces.errors import did_you_mean
from storage import (
    StorageURL,
    artifact_folder,
    is_half_made_database,
    open_artifacts,
    open_storage,
    study_lock,
)
from storage.artifacts import remove_artifact_file, study_artifacts, trial_artifacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import optuna
    from optuna.trial import FrozenTrial

    from search.data import DataSpec
    from search.planned import PlannedTrial
    from storage.study_storage import StudyStorage

# Set by `perceptuna stop`, read by the driver.
STOP_REQUESTED = "stop_requested"
# Of a companion: the name of the study that it is about, and which study of that name.
COMPANION_OF = "companion_of"
COMPANION_ABOUT = "companion_about"
# A study's attributes in the order in which they are written; the last one says that it is whole.
_BEFORE_MADE = (
    "metric",
    "settings",
    "space",
    "space_fingerprint",
    "data",
    "data_fingerprint",
    PLAN,
    COMPANION_OF,
    COMPANION_ABOUT,
    CONTINUES,
)
_MADE = "perceptuna"


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

    @cached_property
    def settings(self) -> StudySettings:
        """As they were when the study was created or last resumed."""
        return StudySettings.model_validate_json(self._attribute("settings"))

    @cached_property
    def space(self) -> Space:
        """The space that is searched, narrowed to what has a meaning for the data."""
        return Space.from_json(self._attribute("space"))

    @cached_property
    def data(self) -> DataSpec:
        """What the data was when the study was created."""
        from search.data import DataSpec

        return DataSpec.model_validate_json(self._attribute("data"))

    @property
    def metric(self) -> str:
        return str(self._attribute("metric"))

    @property
    def direction(self) -> Direction:
        return direction_of(self.metric)

    def _attribute(self, key: str) -> Any:
        attributes = self.optuna.user_attrs
        if key not in attributes:
            raise InputError(
                f"study '{self.name}' in {self.url} was not made by perceptuna (it has no '{key}'); "
                "open it with the program that made it; if a kill left it half made, `perceptuna run` starts it anew"
            )
        return attributes[key]

    @property
    def companion_of(self) -> str | None:
        """The study that it is about, where it is no search of its own."""
        return self.optuna.user_attrs.get(COMPANION_OF)

    @property
    def identity(self) -> str:
        """Tells it from an earlier study of its name: its space, and when its first trial began."""
        trials = self.optuna.get_trials(deepcopy=False)
        began = trials[0].datetime_start if trials else None
        return f"{self._attribute('space_fingerprint')} {began}"

    def finished(self) -> list[FrozenTrial]:
        """Trials that count toward the budget: those with an end that is their own."""
        return [trial for trial in self.optuna.get_trials(deepcopy=False) if counts(trial)]

    def ranked(self) -> list[FrozenTrial]:
        """Complete trials, best first; of equal values the one that was complete first, whose model was kept."""
        from optuna.trial import TrialState

        sign = -1 if self.optuna.direction.name == "MAXIMIZE" else 1
        complete = self.optuna.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return sorted(
            complete, key=lambda trial: (sign * (trial.value or 0.0), trial.datetime_complete, trial.number)
        )

    def best_trial(self) -> FrozenTrial | None:
        """The first of `ranked`, or None before there is one.

        (Optuna leaves it to the database which of equal trials it names, so that the answer may change.)
        """
        if len(self.optuna.directions) != 1:
            return None
        return next(iter(self.ranked()), None)


def _quiet_optuna() -> None:
    """Its log repeats what the progress table shows, and warns of what a conditional space does on purpose."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def create_study(
    name: str,
    url: StorageURL,
    settings: StudySettings,
    space: Space,
    data: DataSpec,
    plan: Sequence[PlannedTrial] = (),
    about: Study | None = None,
    adoption: Adoption | None = None,
) -> Study:
    """A new study with its settings, space, data and plan in its attributes, in place of a half-made one.

    The caller holds the study's lock. With `about`, it is a companion of that study; with `adoption`, it begins with
    trials of an earlier one.

    Raises:
        InputError: the name is taken, or the metric is not one of the task's.
    """
    import optuna

    _quiet_optuna()
    metric = choose_metric(settings.metric, data.task)
    storage = open_storage(url, create=True)
    if is_half_made(name, url):
        optuna.delete_study(study_name=name, storage=storage)
    try:
        created = optuna.create_study(study_name=name, storage=storage, direction=direction_of(metric))
    except optuna.exceptions.DuplicatedStudyError:
        raise already_there(name, url) from None
    created.set_metric_names([metric])
    attributes = {
        "metric": metric,
        "settings": settings.model_dump_json(),
        "space": space.to_json(),
        "space_fingerprint": space.fingerprint,
        "data": data.model_dump_json(),
        "data_fingerprint": data.fingerprint,
        **({PLAN: plan_json(plan)} if plan else {}),
        **({COMPANION_OF: about.name, COMPANION_ABOUT: about.identity} if about else {}),
        **({CONTINUES: adoption.predecessor.model_dump_json()} if adoption else {}),
    }
    for key, value in attributes.items():
        created.set_user_attr(key, value)
    if adoption is not None:
        created.add_trials(adoption.trials)
    created.set_user_attr(_MADE, program_version())
    return Study(name, url, created)


def is_half_made(name: str, url: StorageURL) -> bool:
    """Whether `run` was killed while it made this study: no trial was asked yet, so nothing is lost with it."""
    if name not in study_names(url):
        return False
    return half_made(load_study(name, url))


def half_made(study: Study) -> bool:
    """Whether it lacks what a study is made with, and holds no trial of its own that would be lost with it."""
    half = study.optuna
    untrained = all(ADOPTED in trial.user_attrs for trial in half.get_trials(deepcopy=False))
    return untrained and set(half.user_attrs) <= set(_BEFORE_MADE)


def already_there(name: str, url: StorageURL) -> InputError:
    """The refusal to start a study under a name that is taken."""
    return InputError(
        f"study '{name}' is already in {url}; go on with it by `perceptuna resume {name}{url.option}`, "
        "or choose another name"
    )


def study_names(url: StorageURL) -> list[str]:
    """Names of all studies at `url`, in order of creation; none where there is no whole SQLite file yet.

    Raises:
        DatabaseUnusable: see `storage.check_database`; the folder of the file has to be there.
    """
    path = url.sqlite_path
    if path is not None and path.parent.is_dir():
        if not path.exists():
            return []
        if path.is_file() and is_half_made_database(path):
            return []
    import optuna

    return optuna.get_all_study_names(open_storage(url))


def load_study(name: str, url: StorageURL) -> Study:
    """An existing study. Reads only.

    Raises:
        InputError: there is no such study.
    """
    import optuna

    _quiet_optuna()
    storage = open_storage(url)
    try:
        # A RandomSampler: building trials of this study must not sample anything.
        loaded = optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler())
    except KeyError:
        known = optuna.get_all_study_names(storage)
        listed = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
        hint = did_you_mean(name, known) or f"; there are: {listed or 'none'}"
        raise InputError(f"no study {quote_name(name)} in {url}{hint}") from None
    return Study(name, url, loaded)


def attach_search(study: Study, settings: StudySettings) -> Study:
    """The same study, ready to be asked: with the sampler and the pruner of `settings`. The caller holds its lock."""
    import optuna

    study.storage.drive_alone(study.optuna._study_id, study.name)
    tried = study.optuna.get_trials(deepcopy=False)
    searched = optuna.load_study(
        study_name=study.name,
        storage=study.optuna._storage,
        sampler=build_sampler(settings, len(tried), sum(is_planned(trial) for trial in tried)),
        pruner=build_pruner(settings),
    )
    return Study(study.name, study.url, searched)


def is_planned(trial: FrozenTrial) -> bool:
    """Whether `trial` runs an entry of the study's plan; one that is run again under another number does not."""
    return PLANNED in trial.user_attrs and REQUEUED not in trial.user_attrs


def program_version() -> str:
    """The version that is installed, or `unknown` in a bare checkout."""
    try:
        return version("perceptuna")
    except PackageNotFoundError:
        return "unknown"


def companions_of(study: Study) -> list[Study]:
    """Studies of planned trainings about this one."""
    others = (load_study(name, study.url) for name in study_names(study.url) if name != study.name)
    return [other for other in others if other.companion_of == study.name]


def delete_study(study: Study) -> None:
    """Remove a study, its trials and its artifacts.

    Raises:
        StudyBusy: it is being driven.
    """
    import optuna

    with study_lock(study.url, study.name):
        folder = artifact_folder(study.url)
        if folder.is_dir():
            store = open_artifacts(folder)
            ids = [
                artifact
                for trial in study.optuna.get_trials(deepcopy=False)
                for artifact in trial_artifacts(trial)
            ]
            for artifact in [*ids, *study_artifacts(study.optuna)]:
                remove_artifact_file(store, artifact)
        optuna.delete_study(study_name=study.name, storage=study.optuna._storage)
