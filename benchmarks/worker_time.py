"""What a worker's time goes into while it trains one small network after the other.

    python -m benchmarks.worker_time [--quick] [--sets digits,fashion_mnist] [--trials 100]

Trials of the space of `studies.toml`, ten epochs each, as a worker runs them (`search.workers.trial.run_trial`) in
this process, with SQLite, curves and the model of each best trial; the driver's part is done before, and not counted.
CPU milliseconds a trial, after the first trial of the process:

- `training`: epochs of known structures, training and validation rows: running the graph;
- `tracing`: making the graphs of new structures;
- `model`: the Keras model of a trial that is the best so far, as a file;
- `database`: reading the trial, writing its epochs, asking the pruner;
- `curves`: the picture of the learning curve and the history;
- `rest`: initial weights, reset, metrics, Keras's callbacks, outcome.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.measure import command_line, write_result
from benchmarks.studies_contestants import SPACE
from search.settings.settings import StudySettings

EPOCHS = 10
SETS = ("digits", "fashion_mnist")
PARTS = ("training", "tracing", "model", "database", "curves")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sets")
    parser.add_argument("--trials", type=int)
    arguments = parser.parse_args()
    quick = arguments.quick
    sets = arguments.sets.split(",") if arguments.sets else SETS[:1] if quick else SETS
    trials = arguments.trials or (10 if quick else 100)
    rows = []
    for name in sets:
        rows.append(measured(name, trials))
        print(describe(rows[-1]), flush=True)
    print("raw numbers:", write_result("worker-time", rows, quick))


def measured(name: str, trials: int) -> dict[str, Any]:
    """Of all trials but the first, CPU milliseconds each, in parts."""
    from search.workers.trial import get_ready, run_trial

    get_ready(threads=1)
    clock = Clock()
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as folder, clock.watching():
        for number, (task, done) in enumerate(tasks(name, trials, Path(folder))):
            clock.clear()
            began = time.process_time()
            outcome = run_trial(task)
            if number:
                whole.append(1000 * (time.process_time() - began))
                clock.keep()
            done(outcome.value)
    parts = {part: statistics.fmean(clock.kept[part]) for part in PARTS}
    rest = statistics.fmean(whole) - sum(parts.values())
    return {
        "data": name,
        "trials": trials,
        "ms": {"all": statistics.fmean(whole), **parts, "rest": rest},
        "each": whole,
    }


def tasks(name: str, trials: int, folder: Path) -> Iterator[tuple[Any, Callable[[float | None], None]]]:
    """Trials that a driver has asked for, one after the other; each comes with whom to tell its value."""
    from search.settings.chosen_metric import choose_metric
    from search.study.creation import create_study
    from search.study.data_cache import prepare_data
    from search.workers.messages import StudyJob, TrialTask
    from spaces import load_space
    from storage import StorageURL

    settings = StudySettings(
        data=name, space=SPACE, trials=trials, epochs=EPOCHS, patience=EPOCHS, sampler="random", pruner="none"
    )
    url = StorageURL.of_file(folder / "studies.db")
    data = prepare_data(settings)
    space, _ = load_space(SPACE).restricted_to(data.spec.task, data.spec.kind, data.spec.components)
    study = create_study("studies", url, settings, space, data.spec)
    metric = choose_metric(None, data.spec)
    job = StudyJob(
        "studies", url.full, metric, settings.model_dump_json(), data.folder, data.spec.fingerprint, "run"
    )
    values: list[float] = []
    for number in range(trials):
        trial = study.optuna.ask()
        given = space.suggest(trial).model_dump_json()
        best = max(values, default=None)

        def done(value: float | None, trial: Any = trial) -> None:
            if value is not None:
                values.append(value)
            study.optuna.tell(trial, value) if value is not None else study.optuna.tell(
                trial, state=_pruned()
            )

        yield TrialTask(job, trial._trial_id, number, given, EPOCHS, EPOCHS, number, best), done


def _pruned() -> Any:
    from optuna.trial import TrialState

    return TrialState.PRUNED


class Clock:
    """CPU milliseconds of the parts of a trial, without those of the parts that they are made of."""

    def __init__(self) -> None:
        self.kept: dict[str, list[float]] = {part: [] for part in PARTS}
        self._now = dict.fromkeys(PARTS, 0.0)
        self._inside: list[float] = []

    def clear(self) -> None:
        self._now = dict.fromkeys(PARTS, 0.0)

    def keep(self) -> None:
        for part, took in self._now.items():
            self.kept[part].append(took)

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*given: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            began = time.process_time()
            try:
                return call(*given, **named)
            finally:
                took = 1000 * (time.process_time() - began)
                self._now[part] += took - self._inside.pop()
                if self._inside:
                    self._inside[-1] += took

        return timing

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Meanwhile the parts are timed."""
        import optuna

        from search.training.graph.epoch import CompiledEpoch
        from search.training.graph.evaluation import Evaluation
        from search.workers import outcome, trial
        from search.workers.reports import Reports

        places = (
            ("training", CompiledEpoch, "train"),
            ("training", CompiledEpoch, "evaluate"),
            ("tracing", CompiledEpoch, "_train_graph"),
            ("tracing", Evaluation, "__call__"),
            ("model", outcome, "_model_file"),
            ("curves", outcome, "_curves"),
            ("database", Reports, "write"),
            ("database", optuna.Trial, "__init__"),
            ("database", optuna.Trial, "should_prune"),
            ("database", trial, "asked_record"),
        )
        with ExitStack() as patched:
            for part, of, name in places:
                patched.enter_context(patch.object(of, name, self.timed_method(part, of, name)))
            yield

    def timed_method(self, part: str, of: Any, name: str) -> Callable[..., Any]:
        return self.timed(part, getattr(of, name))


def describe(row: dict[str, Any]) -> str:
    took = row["ms"]
    shares = ", ".join(
        f"{part} {took[part]:.1f} ({took[part] / took['all']:.1%})" for part in took if part != "all"
    )
    return f"{row['data']}, {row['trials']} trials: {took['all']:.1f} CPU ms a trial: {shares}"


if __name__ == "__main__":
    main()
