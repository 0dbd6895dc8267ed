"""A new study, whole before it counts as made; and what a kill left of one that is half made."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from search.errors import InputError
from search.settings.aims import direction_of
from search.settings.chosen_metric import choose_metric
from search.study.optuna_log import quiet_optuna
from search.study.study import Study, load_study, resume_command, study_names
from search.study.study_record import StudyFacts, keep_study_facts
from search.training.environment import program_version
from storage import artifact_folder, open_storage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.data import DataSpec
    from search.settings.settings import StudySettings
    from search.study.origin import Adoption
    from search.study.planned_trial import PlannedTrial
    from spaces import Space
    from storage import StorageURL


def create_study(
    name: str,
    url: StorageURL,
    settings: StudySettings,
    space: Space,
    data: DataSpec,
    plan: Sequence[PlannedTrial] = (),
    about: Study | None = None,
    adoption: Adoption | None = None,
    go_on: str = "",
) -> Study:
    """A new study with its settings, space, data and plan in its attributes, in place of a half-made one.

    The caller holds the study's lock. With `about`, it is a companion of that study, and `go_on` the command that
    goes on with it; with `adoption`, it begins with trials of an earlier one.

    Raises:
        InputError: the name is taken, or the metric is not one of the task's.
    """
    import optuna

    quiet_optuna()
    metric = choose_metric(settings.metric, data)
    aims = settings.aims or (metric,)
    storage = open_storage(url, create=True)
    if is_half_made(name, url):
        optuna.delete_study(study_name=name, storage=storage)
    try:
        created = optuna.create_study(
            study_name=name, storage=storage, directions=[direction_of(aim) for aim in aims]
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise already_there(name, url) from None
    created.set_metric_names([*aims])
    facts: StudyFacts = {
        "identity": uuid.uuid4().hex,
        "metric": metric,
        "settings": settings,
        "space": space,
        "space_fingerprint": space.fingerprint,
        "data": data,
        "data_fingerprint": data.fingerprint,
    }
    if plan:
        facts["plan"] = list(plan)
    if about is not None:
        facts |= {"companion_of": about.name, "companion_about": about.identity, "go_on": go_on}
    if adoption is not None:
        facts["continues"] = adoption.predecessor
    if url.sqlite_path is None:
        # Where it was started, or beside the files of the study that it is about.
        folder = artifact_folder(url) if about is None else about.artifact_folder
        facts["artifact_folder"] = str(folder)
    keep_study_facts(created, facts)
    if adoption is not None:
        created.add_trials(adoption.trials)
    keep_study_facts(created, {"perceptuna": program_version()})
    return Study(name, url, created)


def is_half_made(name: str, url: StorageURL) -> bool:
    """Whether `run` was killed while it made this study: no trial was asked yet, so nothing is lost with it."""
    if name not in study_names(url):
        return False
    return half_made(load_study(name, url))


def half_made(study: Study) -> bool:
    """Whether it lacks what a study is made with, and holds no trial of its own that would be lost with it."""
    return study.record.is_incomplete and all(trial.is_adopted for trial in study.trials())


def refuse_half_made(study: Study) -> None:
    """What it still lacks, baselines perhaps or trials of an earlier study, only `run` and its options know.

    Raises:
        InputError: a kill left it half made.
    """
    if half_made(study):
        raise InputError(
            f"study '{study.name}' is half made: `perceptuna run` was killed before all of it was there, and before "
            "its first trial; give that command again, which makes the study anew"
        )


def already_there(name: str, url: StorageURL) -> InputError:
    """The refusal to start a study under a name that is taken."""
    if load_study(name, url).record.is_foreign:
        return InputError(f"study '{name}' is already in {url}, made by another program; choose another name")
    return InputError(
        f"study '{name}' is already in {url}; go on with it by `{resume_command(name, url)}`, "
        "or choose another name"
    )
