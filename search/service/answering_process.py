"""A process that answers rows by the best model of one study, again and again, so that TensorFlow is started once.

    python -m search.service.answering_process STUDY TRIAL      (the database is $PERCEPTUNA_STORAGE)

Each question is a line of JSON on standard input, each answer one on standard output. It ends with standard input, and
when nobody has asked for a while.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.answering.predicting import predict
from search.data import DataRequest
from search.errors import InputError
from search.machine.cores import available_cores
from search.models.saved_model import model_of_study, open_model
from search.study.study import load_study
from storage import StorageURL

if TYPE_CHECKING:
    from search.models.saved_model import OpenModel, SavedModel

IDLE_SECONDS = 300.0


def main() -> None:
    name, trial = sys.argv[1], int(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no reply
    threads = available_cores()
    try:
        study = load_study(name, StorageURL.parse(os.environ["PERCEPTUNA_STORAGE"]))
        best = study.best_trial()
        if best is not None and best.number != trial:
            raise InputError(f"study '{name}' has another best trial meanwhile; ask again")
        saved = model_of_study(study)
        opened = open_model(saved, threads)
    except InputError as error:
        _reply(replies, {"refused": str(error)})
        return
    _reply(replies, {"ready": True})
    while select.select([0], [], [], IDLE_SECONDS)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        _reply(replies, _answered(json.loads(line), saved, opened, threads))


def _answered(asked: dict[str, Any], saved: SavedModel, opened: OpenModel, threads: int) -> dict[str, Any]:
    header = saved.header if asked["header"] is None else bool(asked["header"])
    request = DataRequest(asked["rows"], header=header)
    try:
        done = predict(saved, request, Path(asked["answers"]), threads=threads, opened=opened)
    except InputError as error:
        return {"refused": str(error)}
    return {"remarks": list(done.remarks)}


def _reply(replies: Any, reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()
