"""What the vocabulary could hold besides: is a network on tables better for it? One factor at a time, in plain Keras.

    python -m benchmarks.tables_factors --tables FOLDER --output FILE.json [--sets bank,…] [--seeds 1] [--workers 2]

The network is the known configuration `periodic, low sigma` with sigma 0.2, or with piecewise embeddings where a factor
is about these. Built here of Keras's layers, trained by Keras's `fit` on the training rows of a study, judged after
each epoch by cross-entropy or RMSE on its validation rows, scored at the best epoch on the test file. What is in FILE
is not trained again. The table that is printed: test error against the network without the factor, the geometric mean
over tables with Student's interval of 95 %, and on how many of them it is less.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.measure import command_line
from benchmarks.tables import TABLES, rows_of
from benchmarks.tables_curves import asked_tables, train_missing
from benchmarks.tables_rows import targets
from benchmarks.tables_scores import of_each_class, scores

Array = np.ndarray[Any, Any]

EPOCHS, PATIENCE, WIDTH, DROPOUT, BATCH, BINS = 60, 20, 192, 0.1, 128, 32


@dataclass(frozen=True)
class Factor:
    """What one network has that another has not; `against` is the name of the other."""

    against: str = "periodic"
    embedding: str = "periodic"
    depth: int = 2
    skip: bool = False
    learnt_scale: bool = False
    beta_2: float = 0.999
    clip: float | None = None
    warm_up: float = 0.0
    moving_average: float | None = None
    loss: str = "mse"

    @property
    def quantities_only(self) -> bool:
        return self.loss != "mse"


FACTORS = {
    "periodic": Factor(),
    "skip, 2 layers": Factor(skip=True),
    "4 layers": Factor(depth=4),
    "skip, 4 layers": Factor("4 layers", depth=4, skip=True),
    "learnt scale of each feature": Factor(learnt_scale=True),
    "beta_2 0.95": Factor(beta_2=0.95),
    "gradients clipped to norm 1": Factor(clip=1.0),
    "warm-up over 5 % of the steps": Factor(warm_up=0.05),
    "moving average of the weights, 0.99": Factor(moving_average=0.99),
    "loss mae": Factor(loss="mean_absolute_error"),
    "loss huber": Factor(loss="huber"),
    "periodic with bias and number (PBLD)": Factor(embedding="pbld"),
    "piecewise": Factor(embedding="quantiles"),
    "piecewise, bins of a tree": Factor("piecewise", embedding="tree"),
}


@dataclass(frozen=True)
class Job:
    factor: str
    table: str
    seed: int
    tables: Path

    @property
    def key(self) -> tuple[str, str, int]:
        return self.factor, self.table, self.seed


@dataclass(frozen=True)
class Rows:
    """Prepared: `x` float32 (rows, features), numbers first; `y` codes, or standardised quantities."""

    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]
    spec: Any


def train_one(job: Job) -> dict[str, Any]:
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    import keras

    keras.utils.set_random_seed(job.seed)
    rows, factor = rows_of_sides(job.tables, job.table), FACTORS[job.factor]
    model = network(factor, rows)
    steps = math.ceil(len(rows.train[0]) / BATCH)
    model.compile(_optimizer(factor, steps), loss=_loss(factor, rows.spec.task))
    follow = _follow(factor, rows)
    begun = time.process_time()
    model.fit(*rows.train, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[follow])
    model.set_weights(follow.weights)
    return {
        "factor": job.factor,
        "table": job.table,
        "seed": job.seed,
        "validation": round(follow.best, 6),
        "test": round(_error(model, rows.test, rows.spec), 6),
        "cpu": round(time.process_time() - begun, 2),
    }


def network(factor: Factor, rows: Rows) -> Any:
    """Layers of `periodic, low sigma`, with what the factor adds."""
    import keras
    from keras import layers

    from search.training.network.dimensions import numbers_of, output_units

    numbers, spec = numbers_of(rows.spec), rows.spec
    inputs = keras.Input(spec.input_shape)
    x = inputs
    if factor.learnt_scale:
        x = layers.EinsumDense("bf,f->bf", spec.input_shape, kernel_initializer="ones")(x)
    units = _embedded(factor.embedding, x[:, :numbers], rows)
    x = layers.Concatenate()([layers.Flatten()(units), x[:, numbers:]])
    for _ in range(factor.depth):
        before = x
        x = layers.Dense(WIDTH, activation="silu", kernel_initializer="he_normal")(x)
        x = layers.Dropout(DROPOUT)(x)
        if factor.skip and before.shape == x.shape:
            x = layers.Add()([before, x])
    last = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}[spec.task]
    return keras.Model(inputs, layers.Dense(output_units(spec), activation=last)(x))


def _embedded(kind: str, given: Any, rows: Rows) -> Any:
    """(batch, numbers, units): `pbld` is that of Holzmüller et al. 2024, "Better by default", section 3."""
    import keras
    from keras import layers

    numbers, frequencies = given.shape[1], 16
    normal = keras.initializers.RandomNormal(stddev=0.2, seed=1)
    if kind == "pbld":
        bound = keras.initializers.RandomUniform(-math.pi, math.pi, seed=2)
        turns = layers.EinsumDense(
            "bn,nk->bnk",
            (numbers, frequencies),
            bias_axes="nk",
            kernel_initializer=normal,
            bias_initializer=bound,
        )(2.0 * math.pi * given)
        return layers.Concatenate()(
            [_linear(keras.ops.cos(turns), 7, None), keras.ops.expand_dims(given, -1)]
        )
    if kind == "periodic":
        turns = layers.EinsumDense("bn,nk->bnk", (numbers, frequencies), kernel_initializer=normal)(given)
        angles = 2.0 * math.pi * turns
        return _linear(layers.Concatenate()([keras.ops.sin(angles), keras.ops.cos(angles)]), 8, "relu")
    slopes, offsets = (quantile_bins if kind == "quantiles" else tree_bins)(rows, numbers)
    return _linear(keras.ops.clip(keras.ops.expand_dims(given, -1) * slopes + offsets, 0.0, 1.0), 8, "relu")


def _linear(parts: Any, units: int, activation: str | None) -> Any:
    import keras
    from keras import layers

    bound = 1 / math.sqrt(parts.shape[2])
    return layers.EinsumDense(
        "bnk,nku->bnu",
        (parts.shape[1], units),
        bias_axes="nu",
        activation=activation,
        kernel_initializer=keras.initializers.RandomUniform(-bound, bound, seed=3),
    )(parts)


def quantile_bins(rows: Rows, numbers: int) -> tuple[Array, Array]:
    from search.training.network.bins import bins_between_quantiles

    return bins_between_quantiles(rows.train[0][:, :numbers], BINS)


def tree_bins(rows: Rows, numbers: int) -> tuple[Array, Array]:
    """Bins between the splits of a tree that knows one number alone (Gorishniy et al. 2022, section 3.2.2)."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    x, y = rows.train
    kind = DecisionTreeRegressor if rows.spec.task == "regression" else DecisionTreeClassifier
    slopes, offsets = (np.zeros((numbers, BINS), np.float32) for _ in range(2))
    for index in range(numbers):
        column = x[:, index].astype(np.float64)
        tree = kind(max_leaf_nodes=BINS, min_samples_leaf=16, random_state=0).fit(column[:, None], y).tree_
        splits = tree.threshold[tree.feature == 0]
        edges = np.unique([column.min(), *splits, column.max()])
        widths = np.diff(edges)
        slopes[index, : len(widths)], offsets[index, : len(widths)] = 1 / widths, -edges[:-1] / widths
    return slopes, offsets


def _optimizer(factor: Factor, steps: int) -> Any:
    import keras

    warm, rate = round(factor.warm_up * EPOCHS * steps), 2e-3
    decay = keras.optimizers.schedules.CosineDecay
    first = {"initial_learning_rate": 0.0, "warmup_target": rate, "warmup_steps": warm}
    schedule = decay(
        **({**first} if warm else {"initial_learning_rate": rate}), decay_steps=EPOCHS * steps - warm
    )
    return keras.optimizers.AdamW(
        schedule, weight_decay=0.02, beta_2=factor.beta_2, global_clipnorm=factor.clip
    )


def _loss(factor: Factor, task: str) -> str:
    classes = {"binary": "binary_crossentropy", "multiclass": "sparse_categorical_crossentropy"}
    return classes.get(task, factor.loss)


def _follow(factor: Factor, rows: Rows) -> Any:
    """Keeps the weights of the best epoch, and ends the training when none has been better for long."""
    import keras

    class Follow(keras.callbacks.Callback):  # type: ignore[misc]
        best, weights, since = math.inf, None, 0
        mean: list[Array] | None = None

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if factor.moving_average is not None:
                now, share = self.model.get_weights(), factor.moving_average
                then = now if self.mean is None else self.mean
                self.mean = [share * old + (1 - share) * new for old, new in zip(then, now, strict=True)]

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            trained = self.model.get_weights()
            if self.mean is not None:
                self.model.set_weights(self.mean)
            error = _error(self.model, rows.validation, rows.spec)
            self.since += 1
            if error < self.best:
                self.best, self.weights, self.since = error, self.model.get_weights(), 0
            self.model.set_weights(trained)
            self.model.stop_training = self.since >= PATIENCE

    return Follow()


def _error(model: Any, rows: tuple[Array, Array], spec: Any) -> float:
    """Cross-entropy, or RMSE of standardised quantities."""
    x, y = rows
    return error_of(model.predict(x, batch_size=4096, verbose=0), y, spec)


def error_of(answers: Array, y: Array, spec: Any) -> float:
    """Of what a network answers, (rows, units), by its task; `y` as in prepared rows."""
    answers = np.asarray(answers, np.float64)
    if spec.task == "regression":
        return scores(y, answers[:, 0], [])["rmse"]
    names = list(map(str, range(len(spec.class_names))))
    return scores(y.astype(int).astype(str), of_each_class(answers), names)["cross_entropy"]


@lru_cache(maxsize=2)
def rows_of_sides(tables: Path, table: str) -> Rows:
    from benchmarks import tables_draws

    about, (data, (_, test)) = TABLES[table], tables_draws.rows_of(tables, table)
    truth = targets(tables / f"{table}-test.csv", about)
    spec = data.spec
    if spec.task == "regression":
        y = (truth - spec.target_mean) / spec.target_std
    else:
        places = {str(name): place for place, name in enumerate(spec.class_names)}
        y = np.array([places[str(name)] for name in truth], np.float32)
    sides = [(np.asarray(x), np.asarray(of).reshape(-1)) for x, of in (data.training(), data.validation())]
    return Rows(*sides, (test, y), spec)


def jobs_of(tables: Path, sets: list[str], seeds: int) -> Iterator[Job]:
    for seed in range(seeds):
        for table in sets:
            for name, factor in FACTORS.items():
                if TABLES[table]["task"] == "regression" or not factor.quantities_only:
                    yield Job(name, table, seed, tables)


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A row of a Markdown table for each factor."""
    yield "| | against | test error | better on | CPU |"
    yield "|---|---|---|---|---|"
    for name, factor in FACTORS.items():
        if name == factor.against:
            continue
        errors = _ratios(rows, name, factor.against, "test")
        if len(errors) < 2:
            continue
        mean = errors.mean()
        off = stats.t.ppf(0.975, len(errors) - 1) * errors.std(ddof=1) / math.sqrt(len(errors))
        low, middle, high = (f"{100 * math.expm1(value):+.1f}" for value in (mean - off, mean, mean + off))
        cost = math.exp(_ratios(rows, name, factor.against, "cpu").mean())
        better = f"{(errors < 0).sum()} of {len(errors)}"
        yield f"| {name} | {factor.against} | {middle} % ({low} to {high}) | {better} | × {cost:.2f} |"


def _ratios(rows: list[dict[str, Any]], name: str, other: str, key: str) -> Array:
    """Of each table, the logarithm of the ratio, its mean over the seeds."""
    found: dict[str, list[float]] = {}
    of = {(row["factor"], row["table"], row["seed"]): row[key] for row in rows}
    for (factor, table, seed), value in of.items():
        if factor == name and (other, table, seed) in of:
            found.setdefault(table, []).append(math.log(value / of[other, table, seed]))
    return np.array([np.mean(each) for each in found.values()])


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.json")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    rows = rows_of(given.output)
    there = {(row["factor"], row["table"], row["seed"]) for row in rows}
    jobs = jobs_of(given.tables, asked_tables(given.sets, given.quick), given.seeds)
    train_missing(
        given.output, rows, train_one, [(job,) for job in jobs if job.key not in there], given.workers
    )
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    main()
