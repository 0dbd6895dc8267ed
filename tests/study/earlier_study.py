"""A study whose trials a next version takes over, as it lies on disk; nothing was trained for it."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState
from study_fakes import SPACE

from search.data import DataSpec, PreparedData
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.enqueueing import enqueue_planned
from search.study.history import history_csv
from search.study.origin import Adoption
from search.study.planned_trial import PlannedTrial
from search.study.study import Study
from search.versions.adoption import adopt
from spaces import Hyperparameters, Space
from spaces.parameters import Categorical, Fixed, Float, Int
from storage import StorageURL, artifact_folder, open_artifacts, study_lock
from storage.artifacts import write_artifact

EPOCHS = 9
# `dropout` is gone, `depth` and `momentum` are new, `width` ends earlier.
NARROWER = Space(
    parameters={
        "depth": Int(low=1, high=3),
        "width": Int(low=4, high=32),
        "dropout": Fixed(value=0.0),
        "learning_rate": Float(low=1e-4, high=1e-1, log=True),
        "optimizer": Categorical(choices=("adam", "sgd")),
        "momentum": Float(low=0.8, high=0.99, when={"optimizer": ("sgd",)}),
    }
)
PLANNED = PlannedTrial(label="known", hyperparameters=Hyperparameters(width=16), epochs=4, patience=2)
CONFIGURATIONS = [  # width, dropout, value, last epoch of a pruned trial
    (8, 0.0, 0.60, None),
    (16, 0.0, 0.70, 3),
    (32, 0.0, 0.80, None),
    (64, 0.0, 0.90, None),  # too wide
    (8, 0.5, 0.85, 1),  # dropout
    (64, 0.5, 0.95, None),  # both
]


def told(study: Study, number: int, value: float, pruned_after: int | None) -> None:
    """Ends a trial as a driver does, with the attributes and the curve that a worker leaves."""
    trial = optuna.Trial(study.optuna, study.optuna.get_trials(deepcopy=False)[number]._trial_id)
    last = pruned_after or EPOCHS
    curve = [value * epoch / last for epoch in range(1, last + 1)]
    for epoch, at in enumerate(curve, start=1):
        trial.report(at, epoch)
    facts = {
        "epochs": last,
        "seed": 70 + number,
        "accuracy": value + 0.01,
        "val_accuracy": value,
        "gap": 0.01,
    }
    for key, fact in {**facts, "best_epoch": last, "parameters": 100 + number}.items():
        trial.set_user_attr(key, fact)
    # Of the loss, the best epoch is the second.
    losses = [2.0, 1.0, *(1.0 + 0.1 * epoch for epoch in range(1, EPOCHS))][:last]
    history = {"accuracy": curve, "val_accuracy": curve, "loss": losses, "val_loss": losses}
    store = open_artifacts(artifact_folder(study.url))
    entry = write_artifact(store, "history.csv", history_csv(history))
    study.storage.set_trial_attributes(trial._trial_id, {}, entry)
    if pruned_after:
        study.optuna.tell(number, state=TrialState.PRUNED)
    else:
        study.optuna.tell(number, value)


def write_old(folder: Path, data: DataSpec) -> None:
    """Into `folder`, study `old`: trials 0 to 5 as in `CONFIGURATIONS`, 6 was planned, 7 failed, 8 waits."""
    settings = StudySettings(
        space="mlp",
        data="digits",
        trials=20,
        epochs=EPOCHS,
        sampler="random",
        pruner="hyperband",
        seed=3,
        workers=1,
    )
    url = StorageURL.parse(str(folder / "studies.db"))
    study = create_study("old", url, settings, SPACE, data, [PLANNED])
    for number, (width, dropout, value, pruned_after) in enumerate(CONFIGURATIONS):
        study.optuna.enqueue_trial({"width": width, "dropout": dropout, "learning_rate": 1e-3})
        SPACE.suggest(study.optuna.ask())
        told(study, number, value, pruned_after)
    enqueue_planned(study)
    SPACE.suggest(study.optuna.ask())
    told(study, 6, 0.65, None)
    SPACE.suggest(study.optuna.ask())
    study.optuna.tell(7, state=TrialState.FAIL)
    study.optuna.enqueue_trial({"width": 5})
    with study_lock(url, "old"):  # leaves the database as one file
        pass
    del study
    gc.collect()


def adoption_of(old: Study, digits: PreparedData, space: Space = NARROWER, **changes: Any) -> Adoption:
    changes = {"metric": "val_accuracy", "allow_different": False, "data": digits.spec, **changes}
    asked = {name: changes.pop(name) for name in ("metric", "allow_different", "data")}
    return adopt(old, old.settings.model_copy(update=changes), space, **asked)


def rungs(trial: optuna.trial.FrozenTrial) -> list[float]:
    return [value for key, value in sorted(trial.system_attrs.items()) if key.startswith("completed_rung_")]
