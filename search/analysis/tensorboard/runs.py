"""Event files for TensorBoard: scalars of train and validation rows, and the HParams tab. Without TensorFlow.

(Histograms of weights alone need it: search/analysis/tensorboard/weights.py.)
"""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from search.errors import InputError
from search.settings.metrics import on_train_rows
from search.study.history import history_of
from search.study.study import Study
from search.study.trial_record import TrialRecord
from spaces import Hyperparameters, Space
from spaces.parameters import Categorical, Fixed, Parameter

Status = Literal["complete", "pruned", "failed"]
Scalar = bool | int | float | str

_BEST, _PARAMETERS, _SECONDS = "best", "parameters", "seconds"


def write_study(
    study: Study, folder: Path, histograms: int | None = None, say: Callable[[str], None] = print
) -> int:
    """Write every finished trial of `study` to `folder`, which is made; how many there were.

    A complete or pruned trial has all of its logs. Of one that failed the study's metric alone was kept.

    Args:
        histograms: the trial that gets weight histograms and the model beside them: it is trained again, by
            TensorFlow, and `say` receives what came out.

    Raises:
        InputError: TensorBoard is not installed, there is something in `folder` already, or the trial cannot be
            trained again.
    """
    check_tensorboard()
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"-o: expected a new or empty folder, but there is something in {folder}; name another"
        )
    if not folder.absolute().parent.is_dir():
        raise InputError(f"-o: the folder {folder.absolute().parent} does not exist; create it first")
    if histograms is not None:
        from search.analysis.tensorboard.weights import write_weights

        write_weights(study, histograms, trial_folder(folder, histograms), say)
    write_experiment(folder, study.space, study.metric)
    finished = study.finished()
    for trial in finished:
        _write_trial(study, trial, folder)
    return len(finished)


def check_tensorboard() -> None:
    """Raises InputError where TensorBoard is not installed."""
    import importlib.util

    if importlib.util.find_spec("tensorboard") is None:
        raise InputError("tensorboard: needs the package of that name; install perceptuna[tensorboard]")


def write_experiment(folder: Path, space: Space, metric: str) -> None:
    """What the HParams tab lists: the hyperparameters of `space` with what they may be, and the metrics."""
    from tensorboard.plugins.hparams.summary_v2 import HParam, Metric, hparams_config_pb

    metrics = [
        Metric(_BEST, display_name=f"best {metric}"),
        Metric(metric.removeprefix("val_"), group="train", display_name=f"last {on_train_rows(metric)}"),
        Metric(metric.removeprefix("val_"), group="validation", display_name=f"last {metric}"),
        Metric(_PARAMETERS),
        Metric(_SECONDS),
    ]
    parameters = [HParam(name, _domain(space.parameters[name])) for name in _tried(space)]
    with _EventFile(folder) as file:
        file.summary(hparams_config_pb(parameters, metrics))


def trial_folder(folder: Path, number: int) -> Path:
    """Where the files of one trial lie."""
    return folder / f"trial-{number:05}"


class TrialWriter:
    """Event files of one trial, written epoch by epoch: a context manager.

    `FOLDER/trial-00012` holds hyperparameters and result, its folders `train` and `validation` the scalars, under
    the same names, so that TensorBoard draws both in one chart.
    """

    def __init__(
        self, folder: Path, number: int, values: Mapping[str, Scalar], began: float | None = None
    ) -> None:
        """`values` are hyperparameters by name; `began` is in seconds since 1970, now when not given."""
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        self._folder = trial_folder(folder, number)
        began = time.time() if began is None else began
        self._session = _EventFile(self._folder)
        # Made with their first scalar: of a failed trial nothing is known of its train rows.
        self._parts: dict[str, _EventFile] = {}
        self._session.summary(
            hparams_pb(dict(values), trial_id=self._folder.name, start_time_secs=began), at=began
        )

    def __enter__(self) -> TrialWriter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for file in (self._session, *self._parts.values()):
            file.close()

    def epoch(self, epoch: int, logs: Mapping[str, float], at: float | None = None) -> None:
        """The logs of one epoch (counted from 1), by Keras's names; what is not finite is left out."""
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            if not math.isfinite(value):
                continue
            if part not in self._parts:
                self._parts[part] = _EventFile(self._folder / part)
            self._parts[part].scalar(name.removeprefix("val_"), value, epoch, at)
        for file in self._parts.values():
            file.flush()

    def end(
        self,
        status: Status,
        best: tuple[int, float] | None = None,
        facts: Mapping[str, float] | None = None,
        at: float | None = None,
    ) -> None:
        """How the trial ended: its best epoch and value, and further figures (`parameters`, `seconds`)."""
        if best is not None:
            self._session.scalar(_BEST, best[1], best[0], at)
        for name, value in (facts or {}).items():
            self._session.scalar(name, value, 0, at)
        self._session.session_end(status, at)
        self._session.flush()


def values_of(space: Space, hyperparameters: Hyperparameters) -> dict[str, Scalar]:
    """Of the hyperparameters that the space tries, those of one trial."""
    values = hyperparameters.named
    return {name: values[name] for name in _tried(space)}


def figures_of(parameters: int | None, seconds: float | None) -> dict[str, float]:
    """Of one trial, as `TrialWriter.end` takes them; without those that are not known."""
    known = {_PARAMETERS: parameters, _SECONDS: seconds}
    return {name: float(figure) for name, figure in known.items() if figure is not None}


def _write_trial(study: Study, trial: TrialRecord, folder: Path) -> None:
    if not trial.params and trial.state.name == "FAIL":
        return  # it failed before it was asked for
    assert trial.datetime_start is not None
    began = trial.datetime_start.timestamp()
    seconds = trial.seconds or 0.0
    values = values_of(study.space, trial.hyperparameters(study.space))
    states: dict[str, Status] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    history = history_of(study, trial)
    epochs = len(next(iter(history.values()), []))
    with TrialWriter(folder, trial.number, values, began) as writer:
        for epoch in range(1, epochs + 1):
            logs = {name: column[epoch - 1] for name, column in history.items()}
            # Only the whole training was timed; its epochs took equally long, more or less.
            writer.epoch(epoch, logs, began + seconds * epoch / epochs)
        best = trial.at_best(study.metric)
        writer.end(
            states[trial.state.name],
            None if best is None or trial.best_epoch is None else (trial.best_epoch, best),
            figures_of(trial.parameters, trial.seconds),
            began + seconds,
        )


def _tried(space: Space) -> Iterator[str]:
    return (name for name, parameter in space.parameters.items() if not isinstance(parameter, Fixed))


def _domain(parameter: Parameter) -> Any:
    """A list of choices; a range is left to TensorBoard, since defaults of inactive parameters may lie outside it."""
    from tensorboard.plugins.hparams.summary_v2 import Discrete

    if isinstance(parameter, Categorical) and len({type(choice) for choice in parameter.choices}) == 1:
        return Discrete(parameter.choices)
    return None


class _EventFile:
    """One event file: records of TensorBoard's protocol buffers, in the order in which they are written.

    (TensorBoard's own EventFileWriter imports TensorFlow where it is installed, and starts a thread.)
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        name = f"events.out.tfevents.{now:.6f}.{socket.gethostname()}.{os.getpid()}"
        self._records = RecordWriter((folder / name).open("wb"))
        self._records.write(Event(wall_time=now, file_version="brain.Event:2").SerializeToString())

    def __enter__(self) -> _EventFile:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def summary(self, summary: Any, step: int = 0, at: float | None = None) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=time.time() if at is None else at, step=step, summary=summary)
        self._records.write(event.SerializeToString())

    def scalar(self, name: str, value: float, step: int, at: float | None) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self.summary(Summary(value=[Summary.Value(tag=name, simple_value=value)]), step, at)

    def session_end(self, status: Status, at: float | None) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        # The tab knows no pruned trials: one that was ended on purpose has not failed.
        code = api_pb2.STATUS_FAILURE if status == "failed" else api_pb2.STATUS_SUCCESS
        ended = plugin_data_pb2.SessionEndInfo(status=code, end_time_secs=time.time() if at is None else at)
        described = metadata.create_summary_metadata(
            plugin_data_pb2.HParamsPluginData(session_end_info=ended)
        )
        value = Summary.Value(
            tag=metadata.SESSION_END_INFO_TAG, metadata=described, tensor=metadata.NULL_TENSOR
        )
        self.summary(Summary(value=[value]), at=at)

    def flush(self) -> None:
        self._records.flush()

    def close(self) -> None:
        self._records.close()
