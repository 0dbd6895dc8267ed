"""What a trial costs beyond its epochs, what a new structure costs, and what a process keeps of past trials.

    python -m benchmarks.trials [--quick]

Trainings of digits on one thread, of widths 16 to 256, depths 1 to 3, all rates and batch sizes. The fixed cost
is a training of 1 epoch less one epoch, which is a fifth of what 5 more epochs take. The rival is what a user of
Keras writes: build, compile, fit, with `clear_session` before each trial; it runs in a
process of its own afterwards, since that call seems to empty TensorFlow's kernel cache. The hit rate needs no training.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.children import run_child
from benchmarks.datasets import prepared
from benchmarks.measure import spread, write_result
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", choices=("ours", "fit"), help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        print(json.dumps(resident_after_each(arguments.memory, arguments.trials)))
        return
    start_tensorflow(threads=1)
    quick = arguments.quick
    rows = [fixed_cost(10 if quick else 40, 3 if quick else 10), new_structure_cost()]
    rows += [hit_rate(preset, 100) for preset in ("mlp", "small")]
    rows.append(memory_growth(ours=100, fit=10 if quick else 20))
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
    from search.training.epoch import compiled_epoch
    from search.training.model import initial_weights
    from search.training.structure import Structure

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
    from search.training.epoch import compiled_epoch

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

    from search.training.epoch import compiled_epoch
    from search.training.structure import Structure

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


def memory_growth(ours: int, fit: int) -> dict[str, Any]:
    """MB that a process grows by each trial, ours against `fit`, each in a process of its own."""
    row: dict[str, Any] = {"what": "memory"}
    for name, trials in (("ours", ours), ("fit", fit)):
        child = run_child(["-m", "benchmarks.trials", "--memory", name, "--trials", str(trials)])
        resident = json.loads(child.lines[-1].text)
        # After the first fifth every structure has been seen, and the data are loaded.
        steady = resident[trials // 5 :]
        row[name] = {"mb": resident, "growth": (steady[-1] - steady[0]) / (len(steady) - 1)}
        row[name]["growth_from_start"] = (resident[-1] - resident[0]) / trials
        row[name]["cpu_per_trial"] = child.cpu / trials
        print(
            f"memory, {name}: {row[name]['growth']:.2f} MB a trial after the first fifth of {trials}, "
            f"{row[name]['growth_from_start']:.2f} from the start, {resident[-1]:.0f} MB at the end",
            flush=True,
        )
    return row


def resident_after_each(name: str, trials: int) -> list[float]:
    """Resident MB before the first trial and after each, of one epoch."""
    import psutil

    start_tensorflow(threads=1)
    process, train = psutil.Process(), trainer(name)
    resident = [process.memory_info().rss / 1e6]
    for index in range(trials):
        train(varied(index, STRUCTURES[index % len(STRUCTURES)]), 1)
        resident.append(process.memory_info().rss / 1e6)
        print(f"{index + 1}/{trials}", file=sys.stderr)
    return [round(value, 2) for value in resident]


def trainer(name: str) -> Callable[[Hyperparameters, int], Any]:
    """Trains digits for so many epochs: `ours` by `train`, `fit` as a user of Keras does."""
    import keras

    from search.training.loop import train
    from search.training.model import build_model
    from search.training.objective import build_loss
    from search.training.optimizers import build_optimizer

    data = prepared("digits")
    (x, y), validation = (tuple(map(np.asarray, part)) for part in (data.training(), data.validation()))

    def ours(hyperparameters: Hyperparameters, epochs: int) -> Any:
        return train(hyperparameters, data, epochs=epochs, patience=epochs, metric="val_accuracy", seed=0)

    def fit(hyperparameters: Hyperparameters, epochs: int) -> Any:
        keras.backend.clear_session()
        model = build_model(hyperparameters, data.spec, seed=0)
        optimizer = build_optimizer(hyperparameters, total_steps=1)
        model.compile(optimizer, build_loss(data.spec, 0.0), metrics=["accuracy"])
        batch = hyperparameters.batch_size
        return model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, validation_data=validation)

    return ours if name == "ours" else fit


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The result, and CPU milliseconds."""
    cpu = time.process_time()
    result = run()
    return result, 1000 * (time.process_time() - cpu)


if __name__ == "__main__":
    main()
