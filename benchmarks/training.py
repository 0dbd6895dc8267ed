"""Seconds per epoch against plain `model.fit` on NumPy arrays, and against the matrix products alone.

    python -m benchmarks.training [--quick] [--sets digits,fashion_mnist] [--batches 32,128,512]

The network is 256-128-64 with batch normalization, dropout 0.3, L2 1e-4 and Adam, on one thread. Both train on
the same rows and evaluate nothing; the tracing epoch is not counted. Each runs in a process of its own, epochs in
turn: `fit` in one that is set up as Keras comes, ours in one that is set up as a worker.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.datasets import prepared
from benchmarks.measure import Timing, command_line, ratios, raw, spread, write_result
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters

SETS = ("digits", "table569", "table20000", "fashion_mnist", "cifar10_jpeg")
BATCHES = (32, 128, 512)
RUNS = ("fit", "float32", "bfloat16", "products")
# Enough for a stable epoch; `fit` on all of CIFAR-10 would take most of an hour for the table.
MOST_ROWS = 20_000


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    rows = MOST_ROWS // 10 if arguments.quick else MOST_ROWS
    results = []
    sets = arguments.sets.split(",")
    for name in sets:
        prepared(name)  # a set that is not here is found before the others have run for nothing
    for name in sets:
        for batch in map(int, arguments.batches.split(",")):
            results.append(compare(name, batch, rows, rounds))
            print(describe(results[-1]), flush=True)
    print("raw numbers:", write_result("training", results, arguments.quick))


def compare(name: str, batch: int, most_rows: int, rounds: int) -> dict[str, Any]:
    """One line of the table: our epoch in float32 and bfloat16, `fit`'s, and the bare products'."""
    rows = min(most_rows, prepared(name).spec.rows.train)
    with ExitStack() as stack:
        runs = {run: stack.enter_context(Runner(run, name, batch, rows)) for run in RUNS}
        timings = interleaved(runs, rounds)
    return {
        "data": name,
        "rows": rows,
        "batch": batch,
        "ratio_float32": ratios(timings["fit"], timings["float32"]),
        "ratio_bfloat16": ratios(timings["fit"], timings["bfloat16"]),
        "products_share": ratios(timings["products"], timings["float32"]),
        "timings": {run: raw(timing) for run, timing in timings.items()},
    }


def describe(row: dict[str, Any]) -> str:
    return (
        f"{row['data']:>13} batch {row['batch']:>3}: float32 ×{spread(row['ratio_float32'])}, "
        f"bfloat16 ×{spread(row['ratio_bfloat16'])}, products are {spread(row['products_share'])} of our epoch"
    )


class Runner:
    """One of `RUNS` in a process of its own, an epoch at a call. A context manager."""

    def __init__(self, run: str, data: str, batch: int, rows: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve_epochs, args=(theirs, run, data, batch, rows), daemon=True
        )

    def __enter__(self) -> Runner:
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()

    def epoch(self) -> tuple[float, float]:
        """CPU and wall seconds of one more epoch."""
        self._pipe.send("epoch")
        cpu, wall = self._pipe.recv()
        return cpu, wall


def interleaved(runs: dict[str, Runner], rounds: int) -> dict[str, Timing]:
    """An epoch of each a round, in turn, after one round that is not counted: it traces."""
    timings = {name: Timing([], []) for name in runs}
    for counted in [False] + [True] * rounds:
        for name, run in runs.items():
            cpu, wall = run.epoch()
            if counted:
                timings[name].cpu.append(cpu)
                timings[name].wall.append(wall)
    return timings


def serve_epochs(pipe: Any, run: str, name: str, batch: int, rows: int) -> None:
    """The process of one contestant: an epoch for each message."""
    epoch = contestant(run, name, batch, rows)
    while pipe.recv():
        cpu, wall = time.process_time(), time.perf_counter()
        epoch()
        pipe.send((time.process_time() - cpu, time.perf_counter() - wall))


def contestant(run: str, name: str, batch: int, rows: int) -> Callable[[], Any]:
    """A function that trains one epoch by `run`."""
    if run == "fit":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    else:
        start_tensorflow(threads=1)
    data = prepared(name)
    x, y = (np.asarray(part[:rows]) for part in data.training())
    hyperparameters = Hyperparameters(
        depth=3, width=256, taper=0.5, batch_norm=True, dropout=0.3, l2=1e-4, batch_size=batch
    )
    match run:
        case "fit":
            return plain_fit(hyperparameters, data.spec, x, y)
        case "products":
            return bare_products(hyperparameters, data.spec, rows)
        case precision:
            return our_epoch(hyperparameters, data.spec, x, y, bfloat16=precision == "bfloat16")


def plain_fit(hyperparameters: Hyperparameters, spec: Any, x: Any, y: Any) -> Callable[[], Any]:
    """What a user of Keras writes."""
    model = compiled_model(hyperparameters, spec)
    targets = y if spec.task == "multiclass" else y.reshape(-1, 1).astype(np.float32)
    return lambda: model.fit(x, targets, batch_size=hyperparameters.batch_size, epochs=1, verbose=0)


def compiled_model(hyperparameters: Hyperparameters, spec: Any) -> Any:
    """Keras's own model, for `fit`."""
    from benchmarks.keras_fit import build_loss
    from search.training.keras_form.model import build_model
    from search.training.schedules import build_optimizer

    model = build_model(hyperparameters, spec, seed=0)
    optimizer = build_optimizer(hyperparameters, total_steps=1)
    model.compile(optimizer, build_loss(spec, 0.0), metrics=["accuracy"])
    return model


def our_epoch(
    hyperparameters: Hyperparameters, spec: Any, x: Any, y: Any, *, bfloat16: bool
) -> Callable[[], Any]:
    import tensorflow as tf

    from search.training.graph.epoch import CompiledEpoch
    from search.training.keras_form.initial import initial_weights
    from search.training.network.structure import Structure

    # Not from the cache: both precisions, and all batch sizes, have weights of their own.
    epoch = CompiledEpoch(Structure.of(hyperparameters, spec, bfloat16=bfloat16))
    rows, labels = tf.constant(x.reshape(len(x), -1)), tf.constant(y)
    batch = hyperparameters.batch_size
    rates = np.full(-(-len(x) // batch), hyperparameters.learning_rate, np.float32)
    shuffle = np.random.default_rng(0)

    epoch.reset(hyperparameters, initial_weights(hyperparameters, spec, 0), spec, seed=0)
    return lambda: epoch.train(rows, labels, shuffle.permutation(len(x)).astype(np.int32), batch, rates)


def bare_products(hyperparameters: Hyperparameters, spec: Any, rows: int) -> Callable[[], Any]:
    """Only the matrix products of forward and backward pass, on one batch again and again: the limit."""
    import tensorflow as tf

    batch = min(hyperparameters.batch_size, rows)
    units = len(spec.class_names) if spec.task == "multiclass" else 1
    sides = [math.prod(spec.input_shape), *hyperparameters.widths, units]
    random = np.random.default_rng(0)

    def matrix(*shape: int) -> Any:
        return tf.constant(random.normal(size=shape).astype(np.float32))

    kernels = [matrix(a, b) for a, b in pairwise(sides)]
    inputs = [matrix(batch, side) for side in sides]

    @tf.function
    def products(steps: Any) -> Any:
        total = tf.constant(0.0)
        for _ in tf.range(steps):
            for index, kernel in enumerate(kernels):
                x = inputs[index] + total * 0.0  # depends on the last step: nothing can be left out
                y = tf.matmul(x, kernel)
                d_kernel = tf.matmul(x, inputs[index + 1], transpose_a=True)
                total += y[0, 0] * 1e-20 + d_kernel[0, 0] * 1e-20
                if index:  # no gradient of the data
                    total += tf.matmul(inputs[index + 1], kernel, transpose_b=True)[0, 0] * 1e-20
        return total

    steps = tf.constant(-(-rows // batch))
    return lambda: products(steps).numpy()


if __name__ == "__main__":
    main()
