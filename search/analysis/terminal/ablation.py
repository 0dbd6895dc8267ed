"""What `ablate` found, in the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.analysis.facts.table_rows import factor_rows
from search.analysis.terminal.tables import plain_table
from search.conclusion.ablation.factors import words
from search.conclusion.ablation.record import Ablation
from search.conclusion.ablation.words import (
    Importances,
    beside,
    chance,
    change,
    disagreements,
    from_to,
    headline,
    sentence,
)
from search.text.formats import count, duration
from search.text.printable import printable


def ablation_view(ablation: Ablation, importances: Importances) -> RenderableType:
    """What `ablate` ends with: largest loss first."""
    return Group(
        Text(printable(headline(ablation)), style="bold"),
        _table(ablation),
        "",
        *(f"- {sentence(effect, ablation.metric)}" for effect in ablation.effects),
        "",
        chance(ablation),
        *_importances(ablation, importances),
    )


def ablation_facts(ablation: Ablation, importances: Importances) -> dict[str, Any]:
    """`perceptuna ablate --json`."""
    facts = ablation.model_dump(mode="json")
    for effect, told in zip(ablation.effects, facts["effects"], strict=True):
        told["sentence"] = sentence(effect, ablation.metric)
    return {
        **facts,
        "importances": dict(importances),
        "disagreements": disagreements(ablation, importances),
    }


def ablation_of(facts: Mapping[str, Any]) -> tuple[Ablation, Importances]:
    """What `ablation_facts` tells, as it was."""
    own = {name: value for name, value in facts.items() if name in Ablation.model_fields}
    effects = [
        {name: value for name, value in effect.items() if name != "sentence"} for effect in facts["effects"]
    ]
    return Ablation.model_validate({**own, "effects": effects}), list(facts["importances"].items())


def _table(ablation: Ablation) -> Table:
    headers = ["factor", "from -> to", f"change of {ablation.metric}", "parameters", "time"]
    as_it_is = "as it is", "", "", count(ablation.parameters), duration(ablation.seconds)
    return plain_table(headers, [as_it_is, *factor_rows(ablation)], right=(3, 4))


def _importances(ablation: Ablation, importances: Importances) -> list[RenderableType]:
    if not importances:
        return ["The study has too few complete trials to tell importances from chance."]
    table = plain_table(["what mattered in the study", "importance", "largest change around the trial"])
    for name, share, largest in beside(ablation, importances):
        around = "" if largest is None else f"{change(largest, ablation.metric)}, {from_to(largest)}"
        table.add_row(words(name), f"{share:4.0%}", around)
    found = disagreements(ablation, importances)
    told = ["The two disagree:", *(f"- {line}" for line in found)] if found else []
    return ["", table, *told]
