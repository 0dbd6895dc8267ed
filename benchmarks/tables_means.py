"""When should several networks be taken for one?: rules for `export --ensemble`, on recorded trainings.

    python -m benchmarks.tables_means --tables FOLDER --draws DRAWS [--of 9]

DRAWS is a folder of `benchmarks.tables_draws`. Of so many trainings, drawn at random from those of a table, the greedy
choice of up to five is compared with the one that is best on the validation rows, by the logarithm of their test
errors (cross-entropy or RMSE): -0.05 is 5 % less. `always` takes the choice. `fair` takes it where it is better on
rows that chose neither, as the product does: each half of the validation rows judges what the other half chooses,
several and one. `against best` compares with the one that is best on all of these rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.tables import TABLES
from benchmarks.tables_curves import JUDGED_BY, ask_trainings, files_of
from benchmarks.tables_draws import prepared
from benchmarks.tables_rows import targets
from search.conclusion.ensemble.greedy import chosen_outputs, gain_on_other_rows, greedy_choice, halves_of
from search.conclusion.ensemble.judging import Array, Judge
from search.data import DataSpec

_STUDIES = 60
_MOST = 5


def lines(tables: Path, draws: Path, of: int) -> Iterator[str]:
    """Markdown: the mean over studies, and in how many of them several are taken."""
    rules = ("always", "fair", "against best")
    yield f"| best of {of}, or up to {_MOST} of them | trainings | {' | '.join(rules)} |"
    yield "|---" * (2 + len(rules)) + "|"
    overall = []
    for table in TABLES:
        files = files_of(draws, table)
        if len(files) < of:
            continue
        found = _studies(tables, table, files, of)
        cells = [f"{gain.mean():+.3f} ({taken.mean():.0%})" for gain, taken in found]
        overall.append([gain.mean() for gain, _ in found])
        yield f"| {table} | {len(files)} | {' | '.join(cells)} |"
    if overall:
        yield f"| all | | {' | '.join(f'{mean:+.3f}' for mean in np.mean(overall, axis=0))} |"


def _studies(tables: Path, table: str, files: list[Path], of: int) -> list[tuple[Array, Array]]:
    """Of each rule: what it gains in each study, and whether it takes several."""
    data = prepared(tables, table)
    metric = JUDGED_BY[TABLES[table]["task"]].removeprefix("val_")
    here = Judge(np.asarray(data.validation()[1]).reshape(-1), data.spec, metric)
    there = Judge(_codes(targets(tables / f"{table}-test.csv", TABLES[table]), data.spec), data.spec, metric)
    known = [(_outputs(file, "v", data.spec), _outputs(file, "t", data.spec)) for file in files]
    merits = [here.merit(validation) for validation, _ in known]
    random, found = np.random.default_rng(0), []
    for _ in range(_STUDIES):
        drawn = random.choice(len(files), of, replace=False)
        ordered = [known[at] for at in sorted(drawn, key=lambda at: merits[at], reverse=True)]
        found.append(_of_one(ordered, here, there))
    gains = np.array([gain for gain, _ in found])
    return [(np.where(taken, gains, 0.0), taken) for taken in np.array([taken for _, taken in found]).T]


def _of_one(ordered: list[tuple[Array, Array]], here: Judge, there: Judge) -> tuple[float, list[bool]]:
    """What the choice gains on test rows, and whether each rule takes it."""
    validation, test = ([pair[which] for pair in ordered] for which in (0, 1))
    chosen = greedy_choice(validation, here, _MOST)
    if len(chosen) == 1:
        return 0.0, [False, False, False]
    errors = [
        there.measured(one)[there.metric] for one in (chosen_outputs(test, chosen, here.spec.task), test[0])
    ]
    fair = gain_on_other_rows(validation, here, _MOST)
    assert fair is not None
    return math.log(errors[0] / errors[1]), [True, fair.mean > 0, _beats_best(validation, here)]


def _beats_best(outputs: list[Array], judge: Judge) -> bool:
    """Whether what each half chooses is better on the other than the one that is best on both."""
    first, second = halves_of(len(judge.y))
    together = np.empty(outputs[0].shape)
    for choosing, judged in ((first, second), (second, first)):
        chosen = greedy_choice([one[choosing] for one in outputs], judge.of(choosing), _MOST)
        together[judged] = chosen_outputs([one[judged] for one in outputs], chosen, judge.spec.task)
    return judge.merit(together)[0] > judge.merit(outputs[0])[0]


def _outputs(file: Path, name: str, spec: DataSpec) -> Array:
    """What a network answered before its last activation, (rows, units)."""
    with np.load(file) as written:
        answers = np.asarray(written[name], np.float64)
    if spec.task == "regression":
        return answers
    answers = np.clip(answers, 1e-7, 1 - 1e-7)
    return np.log(answers) - (np.log1p(-answers) if spec.task == "binary" else 0.0)


def _codes(truth: Array, spec: DataSpec) -> Array:
    """Classes by their positions, quantities standardised, as in prepared data."""
    if spec.task == "regression":
        return (truth - spec.target_mean) / spec.target_std
    places = {str(name): place for place, name in enumerate(spec.class_names)}
    return np.array([places[str(name)] for name in truth])


if __name__ == "__main__":
    ask_trainings(__doc__, lines, of=9)
