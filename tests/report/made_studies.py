"""Studies of any size without training: in memory, with the trials and attributes that workers leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import optuna
from digits_spec import digits_spec
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from search.analysis.report.answers import Answers
from search.data import DataSpec
from search.settings.settings import StudySettings
from search.study.study import Study
from spaces import Space
from spaces.parameters import Categorical, Float, Int
from storage import StorageURL

BEGIN = datetime(2026, 11, 20, 8)
DISTRIBUTIONS: dict[str, optuna.distributions.BaseDistribution] = {
    "depth": IntDistribution(1, 3),
    "width": IntDistribution(16, 128, log=True),
    "learning_rate": FloatDistribution(3e-4, 3e-2, log=True),
    "activation": CategoricalDistribution(("relu", "tanh")),
}
SPACE = Space(
    parameters={
        "depth": Int(low=1, high=3),
        "width": Int(low=16, high=128, log=True),
        "learning_rate": Float(low=3e-4, high=3e-2, log=True),
        "activation": Categorical(choices=("relu", "tanh")),
    }
)


def made_study(
    attempts: Sequence[FrozenTrial],
    *,
    name: str = "made",
    metric: str = "val_accuracy",
    of: DataSpec | None = None,
    **settings: Any,
) -> Study:
    """A study in memory; its database is said to be where no file is."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = "maximize" if metric == "val_accuracy" else "minimize"
    study = optuna.create_study(study_name=name, direction=direction)
    study.add_trials(attempts)
    chosen = StudySettings.model_validate(
        {"data": "digits", "space": "small", "trials": max(1, len(attempts)), "epochs": 9, **settings}
    )
    attributes = {
        "metric": metric,
        "settings": chosen.model_dump_json(),
        "space": SPACE.to_json(),
        "data": (of or digits_spec()).model_dump_json(),
        "perceptuna": "0.1.0",
    }
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    return Study(name, StorageURL.parse("/nowhere/studies.db"), study)


def made_trial(
    number: int,
    value: float | None,
    state: TrialState = TrialState.COMPLETE,
    *,
    epochs: int = 9,
    start: float | None = None,
    seconds: float = 3.0,
    params: dict[str, Any] | None = None,
    distributions: dict[str, optuna.distributions.BaseDistribution] | None = None,
    metric: str = "val_accuracy",
    **attributes: Any,
) -> FrozenTrial:
    """A trial that began `start` seconds after the study (two workers without a pause when not given)."""
    began = BEGIN + timedelta(seconds=start if start is not None else number // 2 * (seconds + 0.1))
    share = number * 0.618034 % 1  # the golden ratio's multiples fill an interval evenly
    chosen = params or {
        "depth": 1 + number % 3,
        "width": round(16 * 8**share),
        "learning_rate": 3e-4 * 100 ** (number * 0.414214 % 1),
        "activation": ("relu", "tanh")[number % 2],
    }
    given: dict[str, Any] = {"host": "here", "process": 100 + number % 2, **attributes}
    if state in (TrialState.COMPLETE, TrialState.PRUNED) and value is not None:
        train = metric.removeprefix("val_")
        given = {
            "epochs": epochs,
            "parameters": 1000 + number,
            "seconds": seconds,
            "stop_reason": "all epochs run" if state is TrialState.COMPLETE else f"pruned at epoch {epochs}",
            "seed": 7 * number,
            "best_epoch": epochs,
            train: value + 0.01,
            metric: value,
            "gap": 0.01,
            **given,
        }
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=value,
        datetime_start=began,
        datetime_complete=began + timedelta(seconds=seconds) if state.is_finished() else None,
        params=chosen,
        distributions=distributions or DISTRIBUTIONS,
        user_attrs={key: item for key, item in given.items() if item is not None},
        system_attrs={},
        intermediate_values={}
        if value is None
        else {epoch: value * (1 - 0.5**epoch) for epoch in range(1, epochs + 1)},
    )


def mixed_trials(count: int) -> list[FrozenTrial]:
    """Trials of every end: of each six, three complete, two pruned, one failed."""
    made = []
    for number in range(count):
        value = 0.7 + 0.29 * (number * 0.732051 % 1)
        kind = number % 6
        if kind < 3:
            made.append(made_trial(number, value))
        elif kind < 5:
            made.append(made_trial(number, value - 0.3, TrialState.PRUNED, epochs=(1, 3)[kind - 3]))
        else:
            made.append(made_trial(number, None, TrialState.FAIL, reason="ValueError: no such thing"))
    return made


def made_answers(rows: int = 2000, names: tuple[str, str] = ("no", "<b>yes & no</b>")) -> Answers:
    """Probabilities that come true as often as they say."""
    random = np.random.default_rng(0)
    yes = random.beta(1, 3, rows)
    y = (random.uniform(size=rows) < yes).astype(np.int64)
    spec = digits_spec(task="binary", class_names=names, class_counts=(rows - int(y.sum()), int(y.sum())))
    return Answers(spec, np.stack([1 - yes, yes], axis=1), y)
