"""An ablation in words, and where it disagrees with the importances of the study."""

from __future__ import annotations

from collections.abc import Sequence

from search.conclusion.ablation.factors import words
from search.conclusion.ablation.record import Ablation, Effect
from search.conclusion.statistics.intervals import LEVEL, half_of
from search.conclusion.statistics.words import amount, factor_sentence, level
from search.settings.metrics import sign_of

Importances = Sequence[tuple[str, float]]


def headline(ablation: Ablation) -> str:
    """What all others are compared with."""
    half = half_of(ablation.interval)
    return (
        f"trial {ablation.trial} as it is, on {len(ablation.seeds)} fresh seeds: {ablation.metric} "
        f"{level(ablation.mean, half, ablation.metric)} (in the search {level(ablation.search, None, ablation.metric)})"
    )


def from_to(effect: Effect) -> str:
    """`0.3 -> 0`, `adam -> sgd (learning rate 0.01, Keras's default)`."""
    return f"{effect.before} -> {effect.after}" + (f" ({effect.note})" if effect.note else "")


def change(effect: Effect, metric: str) -> str:
    """`−2.1 ± 0.4 points`, or that there is no value."""
    if effect.change is None:
        return "no value"
    return amount(effect.change, effect.half, metric, signed=True)


def sentence(effect: Effect, metric: str) -> str:
    """What the configuration has from this factor, or would have from the other value."""
    if effect.change is None:
        return f"{words(effect.parameter)} {from_to(effect)}: {effect.failed}"
    by = "the validation rows" if effect.by_rows else ""
    if effect.technique:
        return factor_sentence(effect.technique, effect.gain(1 if effect.adds else -1), metric, by)
    name = words(effect.parameter)
    named = "" if effect.before.isalpha() and name in ("activation", "optimizer") else f"{name} "
    note = f" ({effect.note})" if effect.note else ""
    return factor_sentence(
        f"{named}{effect.before} rather than {effect.after}{note}", effect.gain(-1), metric, by
    )


def chance(ablation: Ablation) -> str:
    """How many differences chance alone would show, how many hold together, and what the choice of the trial makes."""
    judged = [effect for effect in ablation.effects if effect.p is not None]
    clear = sum(effect.is_clear for effect in judged)
    show = f"{clear} of {len(judged)} comparisons show{'s' * (clear == 1)} a difference"
    chosen = f"trial {ablation.trial}"
    if ablation.chosen_among is not None and ablation.chosen_among > 1:
        chosen = f"{chosen} having been chosen among {ablation.chosen_among:,} by these rows"
        if not ablation.by_row_scores:
            was = chosen.replace("having been", "was")
            return (
                f"{show} over seeds. But {was}, and for {ablation.metric} rows have no scores that would allow for it: "
                "a loss may be no more than its luck on them."
            )
    together = sum((effect.p or 0.0) <= 1 - LEVEL for effect in judged)
    told = (
        f"{show}; of so many, chance alone would show no more than about {len(judged) * (1 - LEVEL):.1f}. Judged "
        f"all together (Holm 1979), {together} still {'does' if together == 1 else 'do'}."
    )
    if ablation.chosen_among is None:
        return (
            f"{told} An earlier version judged this as though these rows had not chosen {chosen}: call the same "
            "`perceptuna ablate` again, which trains nothing anew."
        )
    return f"{told} Losses allow for {chosen}." if ablation.chosen_among > 1 else told


def beside(ablation: Ablation, importances: Importances) -> list[tuple[str, float, Effect | None]]:
    """Each parameter's importance, and the variation of it that changes most; None where there was none."""
    return [(name, share, _largest(ablation, name)) for name, share in importances]


def disagreements(ablation: Ablation, importances: Importances) -> list[str]:
    """Parameters that one of the two calls important and the other does not, a sentence each.

    Important is what has more than an equal share of the importance, and what has a variation whose interval
    excludes no difference.
    """
    found = []
    for name, share, largest in beside(ablation, importances):
        if largest is None:
            continue
        important = share > 1 / len(importances)
        clear = _clear_losses(ablation, name)
        told = f"{words(name)} has {share:.0%} of the importance"
        if important and not any(effect.is_clear or effect.failed for effect in _effects(ablation, name)):
            by = "the validation rows" if largest.by_rows else f"{len(ablation.seeds)} seeds"
            found.append(
                f"{told}, but no change of it around this trial makes a difference that {by} can show "
                f"(at most {change(largest, ablation.metric)}, {from_to(largest)})"
            )
        elif not important and clear:
            found.append(f"{told}, but {sentence(clear[0], ablation.metric)}")
    return found


def _effects(ablation: Ablation, parameter: str) -> list[Effect]:
    return [effect for effect in ablation.effects if effect.parameter == parameter]


def _clear_losses(ablation: Ablation, parameter: str) -> list[Effect]:
    """Largest first."""
    sign = sign_of(ablation.direction)
    return [
        effect
        for effect in _effects(ablation, parameter)
        if effect.failed or (effect.is_clear and sign * (effect.change or 0.0) < 0)
    ]


def _largest(ablation: Ablation, parameter: str) -> Effect | None:
    found = _effects(ablation, parameter)
    return max(found, key=lambda one: (one.change is None, abs(one.change or 0.0)), default=None)
