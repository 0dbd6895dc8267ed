"""What must be true of a study whatever was killed while it ran."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FixedTrial, FrozenTrial, TrialState

from search.conclusion.ablation.record import best_ablation
from search.conclusion.confirmation.record import read_conclusion
from search.study.creation import is_half_made
from search.study.record_of_looks import looks
from search.study.study import Study, load_study, study_names
from search.study.trial_record import trial_record
from storage import StorageURL
from storage.artifacts import model_file_name, study_artifacts
from storage.tables import are_unmade

# The one end that depends on what was killed.
LOST_TWICE = "its worker died twice"


def trials_of(name: str, url: StorageURL) -> list[FrozenTrial]:
    """All trials; none while the study is not there, whole."""
    if name not in study_names(url) or is_half_made(name, url):
        return []
    return load_study(name, url).optuna.get_trials()


def facts(trial: FrozenTrial) -> dict[str, Any]:
    """What must not change once a trial has ended."""
    return {
        "state": trial.state.name,
        "value": trial.value,
        "params": trial.params,
        "reports": trial.intermediate_values,
        "attributes": trial.user_attrs,
    }


@dataclass
class Acknowledged:
    """Every trial that another process was told to be complete or pruned, as it was then."""

    seen: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    def look(self, trials: list[FrozenTrial]) -> None:
        """Remember what is new, compare the rest."""
        now = {trial.number: facts(trial) for trial in trials}
        for number, before in self.seen.items():
            if now.get(number) != before:
                self.changed.append(f"trial {number} was {before} and is {now.get(number)}")
        ended = (TrialState.COMPLETE, TrialState.PRUNED)
        self.seen |= {trial.number: now[trial.number] for trial in trials if trial.state in ended}


def moment(name: str, url: StorageURL, output: str) -> str:
    """Where a driver was when it was killed, by what it left in the database and on its output."""
    path = url.sqlite_path
    assert path is not None
    if not path.exists():
        return "before the database"
    if are_unmade(url):
        return "making tables"
    if name not in study_names(url):
        return "before the study"
    if is_half_made(name, url):
        return "making the study"
    if "starting" not in output:
        return "start-up of a resume"
    study = load_study(name, url)
    running = [trial for trial in study.optuna.get_trials() if trial.state is TrialState.RUNNING]
    if any(not _is_asked(study, trial) for trial in running):
        return "asking"
    if any(trial.intermediate_values for trial in running):
        return "training and reporting"
    return "before a first report" if running else "no trial running"


def _is_asked(study: Study, trial: FrozenTrial) -> bool:
    try:
        study.space.suggest(FixedTrial(trial.params))
    except ValueError:
        return False
    return True


def attempts_by_configuration(trials: list[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    found: dict[int, list[FrozenTrial]] = {}
    for trial in trials:
        found.setdefault(trial_record(trial).original, []).append(trial)
    return found


def concluded(name: str, url: StorageURL) -> dict[str, Any]:
    """What `finalize` and `ablate` found; numbers of trials may differ, as those that were run again have their own."""
    study = load_study(name, url)
    found: dict[str, Any] = {"looks": [look.value for look in looks(study)]}
    if confirmed := read_conclusion(study):
        found |= confirmed.model_dump(exclude={"final_trial", "test"})
    if ablation := best_ablation(study):
        found["ablation"] = ablation.model_dump()
    return found


def violations(name: str, url: StorageURL, reference: list[FrozenTrial]) -> list[str]:
    """What is wrong with a finished study; `reference` is the same study, undisturbed."""
    study = load_study(name, url)
    trials = study.optuna.get_trials()
    wrong = [
        f"trial {trial.number} is {trial.state.name}" for trial in trials if not trial.state.is_finished()
    ]
    counted = Counter(trial_record(trial).original for trial in trials if _is_result(trial))
    expected = Counter(trial_record(trial).original for trial in reference if _is_result(trial))
    if counted != expected or set(expected.values()) != {1}:
        wrong.append(f"finished trials by configuration: {dict(counted)}, undisturbed {dict(expected)}")
    if [trial.number for trial in trials] != list(range(len(trials))):
        wrong.append("trial numbers have gaps")
    undisturbed = {trial.number: trial for trial in reference}
    for original, attempts in attempts_by_configuration(trials).items():
        wrong += _wrong_attempts(attempts, undisturbed.get(original))
    best = study.best_trial()
    models = [file for file in study_artifacts(study.optuna).values() if file.endswith(".keras")]
    if best is not None and study.companion_of is None and models != [model_file_name(best.number)]:
        wrong.append(f"the best is trial {best.number}, the models are {models}")
    with closing(sqlite3.connect(url.sqlite_path or "")) as connection:
        sound = connection.execute("pragma integrity_check").fetchone()[0]
    return wrong + ([] if sound == "ok" else [f"integrity of the database: {sound}"])


def _is_result(trial: FrozenTrial) -> bool:
    """Trained to its end, here or in the study that it was taken over from."""
    return trial_record(trial).counts or "adopted" in trial.user_attrs


def _wrong_attempts(attempts: list[FrozenTrial], undisturbed: FrozenTrial | None) -> list[str]:
    """The same hyperparameters, training seed and value, in every attempt and as without any kill."""
    *lost, last = attempts
    wrong = [
        f"trial {one.number} is {one.state.name} and not run again"
        for one in lost
        if trial_record(one).counts
    ]
    wrong += [f"trial {one.number} was not lost" for one in lost if "requeued" not in one.user_attrs]
    if undisturbed is None:
        return [*wrong, f"trial {last.number} tries a configuration that the undisturbed study has not"]
    for one in lost:
        if not one.params.items() <= undisturbed.params.items():
            wrong.append(f"trial {one.number} had {one.params}, undisturbed {undisturbed.params}")
        for epoch, value in one.intermediate_values.items():
            if value != undisturbed.intermediate_values.get(epoch):
                wrong.append(f"trial {one.number} reported {value} at epoch {epoch}, undisturbed otherwise")
    if last.user_attrs.get("reason") == LOST_TWICE:
        return wrong
    for what in ("state", "value", "params", "intermediate_values"):
        mine, theirs = getattr(last, what), getattr(undisturbed, what)
        if mine != theirs:
            wrong.append(f"trial {last.number}: {what} {mine}, undisturbed {theirs}")
    if last.user_attrs.get("seed") != undisturbed.user_attrs.get("seed"):
        wrong.append(f"trial {last.number}: another training seed")
    return wrong
