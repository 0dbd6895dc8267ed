"""An ensemble in plain sentences."""

from __future__ import annotations

from search.conclusion.ensemble.record import Cost, Ensemble
from search.conclusion.statistics.intervals import half_of
from search.conclusion.statistics.words import amount, level_beside
from search.text.formats import fine_size, plural
from spaces.wording import quantity


def sentences(ensemble: Ensemble, metric: str, *, tested: bool = False) -> list[str]:
    """What it is, what it gains on validation rows, and whether it is kept.

    Where it was `tested`, nothing is said of a file: a mean of folds of all rows may be in it instead.
    """
    alone = f"trial {ensemble.members[0].trial} alone"
    if len(ensemble.members) == 1:
        return [
            f"no mean of networks is better than {alone} on the validation rows, so {alone} is in the file"
        ]
    if ensemble.of_folds:
        return [
            _of_folds(ensemble, metric),
            f"their mean {'was tested' if tested else 'is in the file'}; what it gains over one of them, no row but "
            "the test rows can show",
        ]
    together = level_beside(ensemble.value, ensemble.beside, metric)
    one = level_beside(ensemble.single, ensemble.members[0].beside, metric)
    told = [f"{_members(ensemble)}: {together}, where {alone} has {one}", *_gain(ensemble, metric)]
    return told if ensemble.kept else [*told, f"that is not better, so {alone} is in the file"]


def of_all_rows(ensemble: Ensemble, metric: str) -> list[str]:
    """What is known of a mean of folds of all rows, test rows too."""
    return [
        _of_folds(ensemble, metric),
        "their mean is in the file, and no row is left to test it: the test value is of the mean that did not see the "
        "test rows",
    ]


def cost_sentence(cost: Cost) -> str:
    """What it takes beside what the network alone takes."""
    together, one = (quantity(each, 2) for each in (cost.milliseconds, cost.single_milliseconds))
    return (
        f"the file has {fine_size(cost.bytes)}, with one network {fine_size(cost.single_bytes)}; a row takes "
        f"{together} ms, with one network {one} ms (on this machine, in batches of {cost.batch:,}, after preprocessing)"
    )


def _of_folds(ensemble: Ensemble, metric: str) -> str:
    return (
        f"trial {ensemble.members[0].trial} on {len(ensemble.members)} folds, each of {plural(ensemble.rows, 'row')} "
        f"judged by the network that was not trained on it: {level_beside(ensemble.value, ensemble.beside, metric)}"
    )


def _members(ensemble: Ensemble) -> str:
    rows, first = plural(ensemble.rows, "validation row"), ensemble.members[0]
    if ensemble.chosen_among is None:
        return f"the mean of trial {first.trial} on {plural(len(ensemble.members), 'seed')}, on {rows}"
    of = ", ".join(f"{member.trial} ({100 * member.weight:.0f} %)" for member in ensemble.members)
    return f"the mean of trials {of}, chosen among {ensemble.chosen_among} by {rows}"


def _gain(ensemble: Ensemble, metric: str) -> list[str]:
    if ensemble.gain is None:
        flattered = (
            "the rows that chose it flatter it; how much, this metric of all rows together cannot tell"
        )
        return [flattered] if ensemble.chosen_among is not None else []
    gain, than_one = "as good", " as one"
    if ensemble.gain:
        which = "better" if ensemble.gain > 0 else "worse"
        gain = f"{amount(abs(ensemble.gain), half_of(ensemble.gain_interval), metric)} {which}"
        than_one = " than one"
    if ensemble.chosen_among is None:
        return [f"row by row that is {gain}"]
    return [
        "the rows that chose it flatter it; each half of them judged by what the other half would choose, several are "
        f"{gain}{than_one}"
    ]
