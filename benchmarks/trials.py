"""What a trial costs beyond its epochs, and what a new structure costs.

    python -m benchmarks.trials [--quick]

Trainings of digits on one thread, of widths 16 to 256, depths 1 to 3, all rates and batch sizes. The fixed cost
is a training of 1 epoch less one epoch, which is a fifth of what 5 more epochs take. The rival is what a user of
Keras writes: build, compile, fit, with `clear_session` before each trial; it runs in a
process of its own afterwards, since that call seems to empty TensorFlow's kernel cache. The hit rate needs no training.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.datasets import prepared
from benchmarks.measure import command_line, spread, write_result
from benchmarks.training_contestants import compiled_model
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters, load_space

MORE_EPOCHS = 5
# A handful, as a study has: depth, activation, batch normalization, dropout, L2, optimizer.
STRUCTURES: tuple[dict[str, Any], ...] = (
    {"depth": 3, "batch_norm": True, "dropout": 0.3},
    {"depth": 2, "activation": "tanh", "optimizer": "sgd"},
    {"depth": 1, "optimizer": "rmsprop", "l2": 1e-4},
    {"depth": 2, "batch_norm": True, "optimizer": "adamw"},
    {"depth": 3, "activation": "gelu", "dropout": 0.2, "l2": 1e-5},
)


def main() -> None:
    quick = command_line(__doc__).parse_args().quick
    start_tensorflow(threads=1)
    rows = [fixed_cost(10 if quick else 40, 3 if quick else 10), new_structure_cost()]
    rows += [hit_rate(preset, 100) for preset in ("mlp", "small")]
    print("raw numbers:", write_result("trials", rows, quick))


def varied(index: int, structure: dict[str, Any]) -> Hyperparameters:
    """Another shape, rate and batch size for each index."""
    random = np.random.default_rng(index)
    return Hyperparameters(
        **structure,
        width=int(2 ** random.uniform(4, 8)),
        taper=float(random.choice([1.0, 0.75, 0.5])),
        learning_rate=float(10 ** random.uniform(-4, -2)),
        batch_size=int(random.choice([32, 64, 128, 256])),
    )


def fixed_cost(trials: int, rival_trials: int) -> dict[str, Any]:
    """CPU milliseconds of a trial of a known structure without its epochs, and of the reset within it."""
    from search.training.graph.epoch import compiled_epoch
    from search.training.keras_form.initial import initial_weights
    from search.training.network.structure import Structure

    data = prepared("digits")
    train_ours, train_fit = trainer("ours"), trainer("fit")
    for structure in STRUCTURES:
        train_ours(varied(0, structure), 1)
    ours, reset, weights = [], [], []
    for index in range(trials):
        hyperparameters = varied(index, STRUCTURES[index % len(STRUCTURES)])
        ours.append(beyond_epochs(train_ours, hyperparameters))
        epoch = compiled_epoch(Structure.of(hyperparameters, data.spec, bfloat16=False))
        initial, took = timed(lambda of=hyperparameters: initial_weights(of, data.spec, 0))
        weights.append(took)
        reset.append(
            timed(lambda: epoch.reset(hyperparameters, initial, data.spec, seed=0))[1]  # noqa: B023
        )
    # Not in turn with ours: `clear_session` empties TensorFlow's cache of kernels for the whole process.
    fit = [
        beyond_epochs(train_fit, varied(index, STRUCTURES[index % len(STRUCTURES)]))
        for index in range(rival_trials)
    ]
    row = {"ours_ms": ours, "fit_ms": fit, "initial_weights_ms": weights, "reset_ms": reset}
    ratio = statistics.median(fit) / statistics.median(ours)
    print(
        f"fixed CPU cost of a trial: {spread(ours)} ms, of it initial weights {spread(weights)} ms and reset "
        f"{spread(reset)} ms; fit {spread(fit)} ms, ×{ratio:.1f}",
        flush=True,
    )
    return {"what": "fixed cost", **row}


def beyond_epochs(train: Callable[[Hyperparameters, int], Any], hyperparameters: Hyperparameters) -> float:
    one = timed(lambda: train(hyperparameters, 1))[1]
    more = timed(lambda: train(hyperparameters, 1 + MORE_EPOCHS))[1]
    return one - (more - one) / MORE_EPOCHS


def new_structure_cost() -> dict[str, Any]:
    """CPU milliseconds that a structure's first training takes more than its second."""
    from search.training.graph.epoch import compiled_epoch

    train = trainer("ours")
    train(varied(0, STRUCTURES[0]), 1)
    compiled_epoch.cache_clear()
    extra = []
    for structure in STRUCTURES:
        first, second = (timed(lambda of=structure: train(varied(0, of), 1))[1] for _ in range(2))
        extra.append(first - second)
    print(f"a new structure costs {spread(extra)} CPU ms more, once in a process", flush=True)
    return {"what": "new structure", "ms": extra}


def hit_rate(preset: str, trials: int) -> dict[str, Any]:
    """How many of random configurations find their compiled epoch, for one worker and digits."""
    import optuna

    from search.training.graph.epoch import compiled_epoch
    from search.training.network.structure import Structure

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    spec = prepared("digits").spec
    space, _ = load_space(preset).restricted_to(spec.task, spec.kind, spec.components)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    structures = [Structure.of(space.suggest(study.ask()), spec, bfloat16=False) for _ in range(trials)]
    compiled_epoch.cache_clear()
    for structure in structures:
        compiled_epoch(structure)
    hits, different = compiled_epoch.cache_info().hits, len(set(structures))
    compiled_epoch.cache_clear()
    print(
        f"compiled epochs, space {preset}: {hits} hits in {trials} trials, {different} structures", flush=True
    )
    return {"what": "hit rate", "space": preset, "trials": trials, "hits": hits, "structures": different}


def trainer(name: str) -> Callable[[Hyperparameters, int], Any]:
    """Trains digits for so many epochs: `ours` by `train`, `fit` as a user of Keras does."""
    import keras

    from search.training.loop import train

    data = prepared("digits")
    (x, y), validation = (tuple(map(np.asarray, part)) for part in (data.training(), data.validation()))

    def ours(hyperparameters: Hyperparameters, epochs: int) -> Any:
        return train(hyperparameters, data, epochs=epochs, patience=epochs, metric="val_accuracy", seed=0)

    def fit(hyperparameters: Hyperparameters, epochs: int) -> Any:
        keras.backend.clear_session()
        model, batch = compiled_model(hyperparameters, data.spec), hyperparameters.batch_size
        return model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, validation_data=validation)

    return ours if name == "ours" else fit


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and CPU milliseconds."""
    cpu = time.process_time()
    result = run()
    return result, 1000 * (time.process_time() - cpu)


if __name__ == "__main__":
    main()
