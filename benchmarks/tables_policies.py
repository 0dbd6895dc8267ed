"""What a study of a table should do: samplers, pruners and shares of time against each other, by replay.

    python -m benchmarks.tables_policies DRAWS [--seeds 20] [--samplers tpe,random,…] [--workers 2] [--quick]

DRAWS is a folder or a file of `benchmarks.tables_draws`. Studies of `benchmarks.tables_replay` have 600 or 1,200
worker-seconds, or those of 40 and 80 typical trainings where these are less, or 20 or 40 trials and all the time they
take. What counts is the validation error of the best complete trial over the least that was recorded on the table, as
a logarithm: 0.05 is 5 % above. Policies are paired by table and seed, and their difference to the default has a 95 %
interval by bootstrap over tables, then over seeds. Then what comparisons and patience do to the recorded curves
themselves.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import command_line, write_result
from benchmarks.tables_draws import Draw, draws_of
from benchmarks.tables_replay import WORKERS, End, Policy, Replay
from benchmarks.tables_stops import kept_table, patience_table
from benchmarks.tables_surrogate import Surrogate

BUDGETS = {"600 s": (600.0, 40), "1200 s": (1200.0, 80)}
"""Worker-seconds, and how many typical trainings are enough."""
TRIALS = (20, 40)
COLUMNS = ("150 s", "300 s", *BUDGETS, *(f"{trials} trials" for trials in TRIALS))
DEFAULT = Policy()
SHARES = (1 / 6, 1 / 3, 1 / 2)
POLICIES = [
    *(Policy(sampler, known=known) for known, sampler in product((True, False), ("tpe", "random", "cmaes"))),
    *(
        Policy(sampler, pruner, known=known)
        for sampler, known in product(("tpe", "random"), (True, False))
        for pruner in ("none", "hyperband")
    ),
    *(Policy(sampler, rung=share) for sampler in ("tpe", "random") for share in (1 / 6, 1 / 2)),
    *(Policy(sampler, rung=share, by_time=True) for sampler in ("tpe", "random") for share in SHARES),
    *(
        Policy(sampler, power=power, room=room)
        for sampler in ("tpe", "random")
        for power, room in ((1, 20), (0.5, 20), (2, 20), (1, 40), (1, 10))
    ),
    *(Policy("draws", known=known) for known in (True, False)),
    *(Policy("draws", "none", known=known) for known in (True, False)),
    *(Policy("draws", rung=share) for share in (1 / 6, 1 / 2)),
    *(Policy("draws", rung=share, by_time=True) for share in SHARES),
    *(Policy("draws", power=power, room=room) for power, room in ((1, 20), (2, 20), (1, 40), (1, 10))),
]


@lru_cache
def surrogates(source: Path) -> dict[str, Surrogate]:
    """By table; those of fewer than 10 random draws are left out."""
    by_table: dict[str, list[Draw]] = {}
    for draw in draws_of(source):
        by_table.setdefault(draw.table, []).append(draw)
    found = {table: Surrogate(draws) for table, draws in by_table.items()}
    return {table: one for table, one in found.items() if len(one.drawn) >= 10}


def studied(source: Path, table: str, policy: Policy, seed: int) -> dict[str, Any]:
    """The row of one policy on one table with one seed."""
    surrogate = surrogates(source)[table]
    seconds = {
        name: min(budget, enough * surrogate.typical_seconds) for name, (budget, enough) in BUDGETS.items()
    }
    most = max(seconds.values())
    ends = Replay(surrogate, policy, seed, most, 0 if policy.power else TRIALS[-1]).run()
    error: dict[str, float] = {}
    for name, budget in seconds.items():
        # Who looks at the time that is left does otherwise where there is less of it.
        of_it = Replay(surrogate, policy, seed, budget).run() if policy.power and budget < most else ends
        error[name] = best_within(of_it, budget, surrogate)
        if name == "600 s":
            for share, early in ((1 / 4, "150 s"), (1 / 2, "300 s")):
                error[early] = best_within(of_it, share * budget, surrogate)
            within = [end for end in of_it if end.spent <= budget]
    if not policy.power:
        for trials in TRIALS:
            error[f"{trials} trials"] = best_within(ends[:trials], math.inf, surrogate)
    return {
        "policy": str(policy),
        "table": table,
        "seed": seed,
        "trials": len(within),
        "pruned": sum(end.value is None for end in within),
        "minutes": round(ends[min(TRIALS[-1], len(ends)) - 1].spent / WORKERS / 60, 2),
        "error": {name: round(value, 5) for name, value in error.items()},
    }


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


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table of all policies, in % above the least error, the best at 600 s first."""
    by_policy: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row["table"], row["seed"])):
        by_policy.setdefault(row["policy"], []).append(row)
    tables = len({row["table"] for row in rows})
    default = by_policy.get(str(DEFAULT), next(iter(by_policy.values())))
    worse = [f"worse at {name} by" for name in BUDGETS]
    yield f"| policy | trials | pruned | {' | '.join(COLUMNS)} | minutes of 40 trials | {' | '.join(worse)} |"
    yield "|---" * (4 + len(COLUMNS) + len(worse)) + "|"
    for policy, of_it in sorted(by_policy.items(), key=lambda item: float(errors(item[1], "600 s").mean())):
        cells = [
            policy,
            *(f"{statistics.mean(row[name] for row in of_it):.0f}" for name in ("trials", "pruned")),
        ]
        for name in COLUMNS:
            cells.append(f"{100 * errors(of_it, name).mean():.2f}" if name in of_it[0]["error"] else "")
        counted = COLUMNS[-1] in of_it[0]["error"]
        cells.append(f"{statistics.mean(row['minutes'] for row in of_it):.1f}" if counted else "")
        for name in BUDGETS:
            found = difference(*(errors(side, name).reshape(tables, -1) for side in (of_it, default)))
            mean, low, high = (100 * value for value in found)
            cells.append("" if of_it is default else f"{mean:+.2f} ({low:+.2f} to {high:+.2f})")
        yield f"| {' | '.join(cells)} |"


def errors(rows: list[dict[str, Any]], column: str) -> np.ndarray:
    return np.array([row["error"][column] for row in rows])


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
    parser.add_argument("--samplers", metavar="NAME,…")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    tables = list(surrogates(given.draws))
    wanted = given.samplers.split(",") if given.samplers else {policy.sampler for policy in POLICIES}
    policies = [policy for policy in POLICIES if policy.sampler in wanted]
    if given.quick:
        tables, policies = tables[:1], [Policy("draws"), Policy("random")]
    seeds = range(2 if given.quick else given.seeds)
    jobs = [(given.draws, *job) for job in product(tables, policies, seeds)]
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(studied, *zip(*jobs, strict=True), chunksize=len(seeds)))
    print("raw numbers:", write_result("tables-policies", rows, given.quick))
    draws = draws_of(given.draws)
    for table in (trusted(given.draws), lines(rows), kept_table(draws), patience_table(draws)):
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
