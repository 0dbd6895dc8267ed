"""What may be tried: hyperparameters of an MLP, spaces of them, known configurations, and the files of both.

Imports: nothing of the project.
"""

from spaces.baseline import Baseline, baseline_names, known_configurations, load_baselines
from spaces.effects import DataKind, Task, idle
from spaces.errors import SpaceError, did_you_mean
from spaces.files import AUTO, load_space, preset_for, preset_names
from spaces.hyperparameters import MOST_COMPONENTS, VOCABULARY, Hyperparameters, value_problem
from spaces.parameters import Categorical, Fixed, Float, Int, Parameter
from spaces.schema import json_schema
from spaces.space import Row, Space
from spaces.toml_document import TomlDocument, TomlError

__all__ = [
    "AUTO",
    "MOST_COMPONENTS",
    "VOCABULARY",
    "Baseline",
    "Categorical",
    "DataKind",
    "Fixed",
    "Float",
    "Hyperparameters",
    "Int",
    "Parameter",
    "Row",
    "Space",
    "SpaceError",
    "Task",
    "TomlDocument",
    "TomlError",
    "baseline_names",
    "did_you_mean",
    "idle",
    "json_schema",
    "known_configurations",
    "load_baselines",
    "load_space",
    "preset_for",
    "preset_names",
    "value_problem",
]
