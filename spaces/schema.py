"""JSON Schema of space files, for completion and checks in editors.

`python -c "import spaces.schema; spaces.schema.write_schema()"` renews `space.schema.json` beside this file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spaces.checks import EXTRA
from spaces.hyperparameters import VOCABULARY, Hyperparameters, kind_of


def json_schema() -> dict[str, Any]:
    """JSON Schema of a space file, from the fields of `Hyperparameters`: draft 7, which TOML editors know."""
    fields = Hyperparameters.model_json_schema()["properties"]
    values = {name: {k: v for k, v in fields[name].items() if k not in _ANNOTATIONS} for name in VOCABULARY}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "perceptuna space",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1, "description": "of this format"},
            **{name: _parameter(name, fields[name]) for name in VOCABULARY},
            EXTRA: {
                "description": "hyperparameters of your own, for a network of your own (run --model)",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]{0,59}$"},
            },
        },
        "definitions": {
            **values,
            "when": {
                "description": "tried only where each of these has one of the values listed for it",
                "type": "object",
                "additionalProperties": False,
                "properties": {name: {"anyOf": [_value(name), _choices(name)]} for name in VOCABULARY},
            },
        },
    }


def schema_text() -> str:
    """`json_schema()` as the file `space.schema.json` holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def write_schema() -> None:
    """Renew `space.schema.json`, after a change to `Hyperparameters`."""
    Path(__file__).with_name("space.schema.json").write_text(schema_text(), encoding="utf-8")


_ANNOTATIONS = ("title", "description", "default")


def _parameter(name: str, field: dict[str, Any]) -> dict[str, Any]:
    forms = [
        _value(name),
        _choices(name),
        _table({"choices": _choices(name)}, required=["choices"]),
        _table({"value": _value(name)}, required=["value"]),
    ]
    if kind_of(name) in ("int", "float"):
        step = {"type": "integer" if kind_of(name) == "int" else "number", "exclusiveMinimum": 0}
        keys = {"low": _value(name), "high": _value(name), "log": {"type": "boolean"}, "step": step}
        forms.append(_table(keys, required=["low", "high"]))
    notes: dict[str, Any] = {key: field[key] for key in ("description", "default") if key in field}
    return {**notes, "anyOf": forms}


def _value(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}"}


def _choices(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _value(name), "minItems": 1, "uniqueItems": True}


def _table(keys: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**keys, "when": {"$ref": "#/definitions/when"}},
        "required": required,
    }
