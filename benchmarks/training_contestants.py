"""What `benchmarks.training` times, each in a process of its own: an epoch of ours, of `fit`, or its products alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.datasets import prepared
from search.data import PreparedData
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters

MEMBERS = 4
_PERIODIC: dict[str, object] = {"embedding": "periodic", "frequencies": 16, "embedding_size": 8}
NETWORKS: dict[str, dict[str, object]] = {
    "plain": {},
    "periodic": _PERIODIC,
    "piecewise": {"embedding": "piecewise", "bins": 32, "embedding_size": 8},
    "members": {"members": MEMBERS},
    "members of periodic": {"members": MEMBERS, **_PERIODIC},
}
"""Of two hidden layers of 192 units, with dropout and Adam; the plain one first."""
PRODUCTS_OF_MEMBERS = "bare products of members"


def network(batch: int, **values: object) -> Hyperparameters:
    """One of `NETWORKS`."""
    return Hyperparameters.from_values(
        {"depth": 2, "width": 192, "dropout": 0.1, "batch_size": batch, **values}
    )


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
    if run in NETWORKS:
        return our_epoch(network(batch, **NETWORKS[run]), data, x, y, bfloat16=False)
    if run == PRODUCTS_OF_MEMBERS:
        return bare_products(network(batch * MEMBERS), data.spec, rows * MEMBERS)
    hyperparameters = Hyperparameters(
        depth=3, width=256, taper=0.5, batch_norm=True, dropout=0.3, l2=1e-4, batch_size=batch
    )
    match run:
        case "fit":
            return plain_fit(hyperparameters, data.spec, x, y)
        case "products":
            return bare_products(hyperparameters, data.spec, rows)
        case precision:
            return our_epoch(hyperparameters, data, x, y, bfloat16=precision == "bfloat16")


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
    hyperparameters: Hyperparameters, data: PreparedData, x: Any, y: Any, *, bfloat16: bool
) -> Callable[[], Any]:
    import tensorflow as tf

    from search.training.graph.epoch import CompiledEpoch
    from search.training.keras_form.initial import initial_weights
    from search.training.network.structure import Structure
    from search.training.network.weights import trained_weights
    from search.training.rows import inputs_of

    spec, frozen = data.spec, inputs_of(hyperparameters, data).frozen
    # Not from the cache: both precisions, and all batch sizes, have weights of their own.
    epoch = CompiledEpoch(Structure.of(hyperparameters, spec, bfloat16=bfloat16))
    rows, labels = tf.constant(x.reshape(len(x), -1)), tf.constant(y)
    batch = hyperparameters.batch_size
    rates = np.full(-(-len(x) // batch), hyperparameters.learning_rate, np.float32)
    shuffle = np.random.default_rng(0)

    made = zip(trained_weights(hyperparameters, spec), initial_weights(hyperparameters, spec, 0), strict=True)
    epoch.reset(hyperparameters, [frozen.get(one.path, array) for one, array in made], spec, seed=0)
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
