"""Hyperparameter search for Keras multi-layer perceptrons, from Python.

    import perceptuna as pt

    study = pt.search(frame, target="price", trials=50, timeout="10m")
    study                                       # the leaderboard
    model = study.finalize(top=5, seeds=5).model
    model.predict(new_rows)

Whatever is done here the command line knows, and the other way round: a study that was started in a notebook is shown
by `perceptuna show NAME` and resumed by `perceptuna resume NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perceptuna.ablation import Ablation
from perceptuna.beforehand import Description, Plan, describe, plan
from perceptuna.comparison import Comparison, compare
from perceptuna.conclusion import Conclusion
from perceptuna.databases import backup
from perceptuna.errors import (
    CacheUnusable,
    ClusterLost,
    DatabaseUnusable,
    DataError,
    InputError,
    MachineFault,
    PerceptunaError,
    ServiceFault,
    SpaceError,
    StorageError,
    StudyBusy,
    StudyStopped,
)
from perceptuna.model import Model, load_model
from perceptuna.replay import Replay
from perceptuna.searching import load_study, search, studies
from perceptuna.service import Service, connect
from perceptuna.service_study import ServiceStudy
from perceptuna.settings import Settings
from perceptuna.space import Space, log, stepped, when
from perceptuna.study import Running, Study

if TYPE_CHECKING:
    from perceptuna.estimators import MLPSearchClassifier, MLPSearchRegressor

__all__ = [
    "Ablation",
    "CacheUnusable",
    "ClusterLost",
    "Comparison",
    "Conclusion",
    "DataError",
    "DatabaseUnusable",
    "Description",
    "InputError",
    "MLPSearchClassifier",
    "MLPSearchRegressor",
    "MachineFault",
    "Model",
    "PerceptunaError",
    "Plan",
    "Replay",
    "Running",
    "Service",
    "ServiceFault",
    "ServiceStudy",
    "Settings",
    "Space",
    "SpaceError",
    "StorageError",
    "Study",
    "StudyBusy",
    "StudyStopped",
    "backup",
    "compare",
    "connect",
    "describe",
    "load_model",
    "load_study",
    "log",
    "plan",
    "search",
    "stepped",
    "studies",
    "when",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Estimators, which alone need scikit-learn; importing it takes as long as all else here."""
    if name not in ("MLPSearchClassifier", "MLPSearchRegressor"):
        raise AttributeError(f"module 'perceptuna' has no attribute '{name}'")
    from perceptuna import estimators

    return getattr(estimators, name)
