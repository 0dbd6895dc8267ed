"""What a study of a table should do: samplers, pruners and shares of time against each other, by replay.

    python -m benchmarks.tables_policies DRAWS [--seeds 20] [--sets bank,…] [--samplers tpe,…] [--workers 2] [--quick]

DRAWS is a folder or a file of `benchmarks.tables_draws`. Studies of `benchmarks.tables_replay` have 600 or 1,200
worker-seconds, or those of 40 and 80 typical trainings where these are less, or 20 or 40 trials and all the time they
take. What counts is the validation error of the best complete trial over the least that was recorded on the table, as
a logarithm: 0.05 is 5 % above. Policies are paired by table and seed, and their difference to the default has a 95 %
interval by bootstrap over tables, then over seeds. Then what comparisons and patience do to the recorded curves
themselves.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import command_line, result_path, write_rows
from benchmarks.tables_curves import Draw, draws_of, write_curves
from benchmarks.tables_replay import WORKERS, End, Policy, Replay
from benchmarks.tables_stops import kept_table, patience_table
from benchmarks.tables_surrogate import Surrogate

BUDGETS = {"600 s": (600.0, 40), "1200 s": (1200.0, 80)}
"""Worker-seconds, and how many typical trainings are enough."""
TRIALS = (20, 40)
COLUMNS = ("150 s", "300 s", *BUDGETS, *(f"{trials} trials" for trials in TRIALS))
DEFAULT = Policy()
_OTHER_RUNGS: list[dict[str, Any]] = [
    {"pruner": "none"},
    {"pruner": "hyperband"},
    {"rung": 1 / 6},
    {"rung": 1 / 2},
    {"by_time": True},
    {"by_time": True, "rung": 1 / 6},
    {"by_time": True, "rung": 1 / 2},
]
_COSTS: list[dict[str, Any]] = [
    *({"power": 1, "room": room} for room in (20, 40, 10)),
    *({"power": power} for power in (0.5, 2)),
]
# After known configurations little is left to find. What ends and what costs a trial is told by random draws without
# them, and is cheaper to replay than `tpe`.
POLICIES = [
    *(
        Policy(sampler, known=known)
        for known, sampler in product((True, False), ("tpe", "random", "cmaes", "draws"))
    ),
    *(
        Policy("tpe", **other)
        for other in ({"pruner": "none"}, {"pruner": "none", "known": False}, {"by_time": True}, _COSTS[0])
    ),
    *(Policy("draws", **other) for other in (*_OTHER_RUNGS, _COSTS[0])),
    *(Policy("random", known=False, **other) for other in (*_OTHER_RUNGS, *_COSTS)),
    *(Policy("draws", known=False, **other) for other in (*_OTHER_RUNGS, *_COSTS)),
]


@lru_cache
def surrogates(source: Path) -> dict[str, Surrogate]:
    """By table; those of fewer than 10 random draws are left out."""
    by_table: dict[str, list[Draw]] = {}
    for draw in draws_of(source):
        by_table.setdefault(draw.table, []).append(draw)
    found = {table: Surrogate(draws) for table, draws in by_table.items()}
    return {table: one for table, one in found.items() if len(one.drawn) >= 10}


@dataclass(frozen=True)
class Studied:
    """Studies of one policy on one table, by seed."""

    policy: str
    table: str
    error: dict[str, list[float]]
    """By `COLUMNS`; a policy that looks at the time left has none for a number of trials."""
    trials: list[int]
    """That ended within 600 s, `pruned` of them pruned."""
    pruned: list[int]
    minutes: list[float]
    """Until 40 trials had ended, or all of them."""


def studied(source: Path, table: str, policy: Policy, seeds: int) -> Studied:
    found = Studied(str(policy), table, {}, [], [], [])
    for seed in range(seeds):
        _study(surrogates(source)[table], policy, seed, found)
    return found


def _study(surrogate: Surrogate, policy: Policy, seed: int, found: Studied) -> None:
    def reached(column: str, ends: list[End], spent: float = math.inf) -> None:
        value = round(best_within(ends, spent, surrogate), 4)
        found.error.setdefault(column, []).append(value)

    short, long = (min(budget, enough * surrogate.typical_seconds) for budget, enough in BUDGETS.values())
    ends = of_short = Replay(surrogate, policy, seed, long, 0 if policy.power else TRIALS[-1]).run()
    if policy.power:
        # Who looks at the time that is left does otherwise where there is less of it.
        of_short = Replay(surrogate, policy, seed, short).run()
    else:
        for trials in TRIALS:
            reached(f"{trials} trials", ends[:trials])
    for column, share in (("150 s", 1 / 4), ("300 s", 1 / 2), ("600 s", 1)):
        reached(column, of_short, share * short)
    reached("1200 s", ends, long)
    within = [end for end in of_short if end.spent <= short]
    found.trials.append(len(within))
    found.pruned.append(sum(end.value is None for end in within))
    found.minutes.append(round(ends[: TRIALS[-1]][-1].spent / WORKERS / 60, 1))


def best_within(ends: list[End], spent: float, surrogate: Surrogate) -> float:
    """Of complete trials; where there is none, a draw that nobody chose."""
    values = [end.value for end in ends if end.value is not None and end.spent <= spent]
    return min(values, default=surrogate.without_search)


def difference(theirs: np.ndarray, ours: np.ndarray) -> tuple[float, float, float]:
    """Mean of theirs less ours, each of shape (tables, seeds), and a 95 % interval of 4,000 resamples."""
    apart, random = theirs - ours, np.random.default_rng(0)
    tables, seeds = apart.shape
    picked = random.integers(tables, size=(4000, tables, 1))
    means = apart[picked, random.integers(seeds, size=(4000, tables, seeds))].mean(axis=(1, 2))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(apart.mean()), float(low), float(high)


def lines(rows: list[Studied]) -> Iterator[str]:
    """A Markdown table of all policies, in % above the least error, the best at 600 s first."""
    by_policy = _by_policy(rows)
    default = by_policy.get(str(DEFAULT), next(iter(by_policy.values())))
    worse = [f"worse at {name} by" for name in BUDGETS]
    yield f"| policy | trials | pruned | {' | '.join(COLUMNS)} | minutes of 40 trials | {' | '.join(worse)} |"
    yield "|---" * (4 + len(COLUMNS) + len(worse)) + "|"
    for policy, of_it in sorted(by_policy.items(), key=lambda item: float(errors(item[1], "600 s").mean())):
        cells = [policy]
        cells += [f"{np.mean([getattr(row, name) for row in of_it]):.0f}" for name in ("trials", "pruned")]
        counted = [name for name in COLUMNS if name in of_it[0].error]
        cells += [f"{100 * errors(of_it, name).mean():.2f}" if name in counted else "" for name in COLUMNS]
        cells.append(f"{np.mean([row.minutes for row in of_it]):.1f}" if COLUMNS[-1] in counted else "")
        for name in BUDGETS:
            apart = difference(errors(of_it, name), errors(default, name))
            cells.append("" if of_it is default else _percent(apart))
        yield f"| {' | '.join(cells)} |"


def against_random(rows: list[Studied]) -> Iterator[str]:
    """A Markdown table: by how much random draws are worse than `tpe`, in % above, where all else is the same."""
    by_policy = _by_policy(rows)
    yield f"| | {' | '.join(f'random worse than tpe at {name} by' for name in BUDGETS)} |"
    yield "|---" * (1 + len(BUDGETS)) + "|"
    for known, called in ((True, "after known configurations"), (False, "without them")):
        ours, theirs = (by_policy.get(str(Policy(sampler, known=known))) for sampler in ("tpe", "random"))
        if ours and theirs:
            found = (difference(errors(theirs, name), errors(ours, name)) for name in BUDGETS)
            yield f"| {called} | {' | '.join(map(_percent, found))} |"


def _percent(found: tuple[float, float, float]) -> str:
    mean, low, high = (100 * value for value in found)
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def _by_policy(rows: list[Studied]) -> dict[str, list[Studied]]:
    found: dict[str, list[Studied]] = {}
    for row in rows:
        found.setdefault(row.policy, []).append(row)
    return found


def errors(rows: list[Studied], column: str) -> np.ndarray:
    """(tables, seeds)."""
    return np.array([row.error[column] for row in rows])


def trusted(source: Path) -> Iterator[str]:
    """A Markdown table: how far the surrogate of each table can be."""
    yield "| table | random draws | mean seconds | a draw, % above | rank correlation: error | seconds |"
    yield "|---" * 6 + "|"
    for table, surrogate in surrogates(source).items():
        of_error, of_seconds = surrogate.rank_correlation()
        yield (
            f"| {table} | {len(surrogate.drawn)} | {surrogate.typical_seconds:.1f} "
            f"| {100 * surrogate.without_search:.1f} | {of_error:.2f} | {of_seconds:.2f} |"
        )


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("draws", type=Path, metavar="DRAWS")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--samplers", metavar="NAME,…")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    seeds = 2 if given.quick else given.seeds
    with tempfile.TemporaryDirectory() as folder:
        # What is recorded meanwhile is for the next time: all see the same draws.
        source = Path(folder, "curves.json")
        draws = draws_of(given.draws)
        write_curves(draws, source)
        tables = given.sets.split(",") if given.sets else list(surrogates(source))
        wanted = given.samplers.split(",") if given.samplers else {policy.sampler for policy in POLICIES}
        policies = [policy for policy in POLICIES if policy.sampler in wanted]
        if given.quick:
            tables, policies = tables[:1], [Policy("draws"), Policy("random")]
        jobs = [(source, *job, seeds) for job in product(tables, policies)]
        with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
            rows = list(pool.map(studied, *zip(*jobs, strict=True)))
        path = result_path("tables-policies", given.quick)
        write_rows(path, [asdict(row) for row in rows], a_line_each=True)
        print("raw numbers:", path)
        for table in (
            trusted(source),
            lines(rows),
            against_random(rows),
            kept_table(draws),
            patience_table(draws),
        ):
            print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
