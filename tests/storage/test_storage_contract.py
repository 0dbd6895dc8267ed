"""What every backend promises, by one class of tests that runs on each."""

from __future__ import annotations

import base64
import math
import os
import pickle
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from storage import StorageError, StorageURL, StudyBusy, is_driven, open_storage, study_lock

pytestmark = pytest.mark.usefixtures("tables_made")

Process = Callable[..., "subprocess.Popen[str]"]

_HOLD = """
    import sys
    from storage import StorageURL, study_lock
    with study_lock(StorageURL.parse(sys.argv[1]), sys.argv[2]):
        print("held", flush=True)
        sys.stdin.readline()
"""

_WRITE = """
    import sys
    import optuna
    from storage import StorageURL, open_storage
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="one", storage=open_storage(StorageURL.parse(sys.argv[1])))
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(int(sys.argv[2])):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        for epoch in (1, 2, 3):
            trial.report(0.5, epoch)
        trial.set_user_attr("process", sys.argv[3])
        study.tell(trial, 0.5)
"""

_WRITE_WITH_PICKLED = """
    import base64, pickle, sys
    import optuna
    storage = pickle.loads(base64.b64decode(sys.argv[1]))
    optuna.load_study(study_name="one", storage=storage).set_user_attr("from", "elsewhere")
"""


def fill(study: optuna.Study) -> None:
    """A trial of every state, with all kinds of parameters, values and attributes."""
    study.set_user_attr("kept", "as it is")
    endings = [(TrialState.COMPLETE, math.inf), (TrialState.PRUNED, None), (TrialState.FAIL, None)]
    for state, value in endings:
        trial = study.ask()
        trial.suggest_float("rate", 1e-4, 1.0, log=True)
        trial.suggest_int("width", 8, 64, step=8)
        trial.suggest_categorical("kind", [None, True, "relu", 0.5])
        for step, reported in enumerate((0.5, math.nan, -math.inf), start=1):
            trial.report(reported, step)
        trial.set_user_attr("stop", {"reason": "all epochs", "at": [1, 2]})
        study.tell(trial, value, state=state)
    study.enqueue_trial({"width": 16}, user_attrs={"original_number": 1})  # has started when it is asked
    study.ask().set_constraint("memory", 1.5)
    study.enqueue_trial({"rate": 0.1})


def written_out(trial: FrozenTrial) -> dict[str, object]:
    """Everything that a trial is. Not a number equals itself; attributes have no order."""
    return {
        name: repr(sorted(value.items()) if name in ("_user_attrs", "_system_attrs") else value)
        for name, value in vars(trial).items()
    }


class TestStorage:
    def test_a_study_is_there_for_whoever_opens_the_storage_next(
        self, url: StorageURL, study: optuna.Study
    ) -> None:
        study.set_user_attr("settings", '{"trials": 5}')
        study.enqueue_trial({"x": 0.25}, user_attrs={"original_number": 7})
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.report(0.5, 1)
        study.tell(trial, 0.75)

        again = optuna.load_study(study_name="one", storage=open_storage(url))
        (read,) = again.trials
        assert again.user_attrs == {"settings": '{"trials": 5}'}
        assert (read.value, read.params, read.intermediate_values) == (0.75, {"x": 0.25}, {1: 0.5})
        assert read.user_attrs == {"original_number": 7}

    def test_all_trials_are_read_as_optuna_itself_reads_them(
        self, url: StorageURL, study: optuna.Study
    ) -> None:
        storage = open_storage(url)
        fill(optuna.create_study(study_name="other", storage=storage))
        fill(study)
        backend = open_storage(url)._backend
        own = backend._get_trials(study._study_id, None, set(), -1)
        optunas = RDBStorage._get_trials(backend, study._study_id, None, set(), -1)
        assert len(own) == len(TrialState)
        assert list(map(written_out, own)) == list(map(written_out, optunas))
        with pytest.raises(KeyError):
            backend._get_trials(999, None, set(), -1)

    @pytest.mark.parametrize("most", [500, 1])
    def test_some_trials_are_read_as_optuna_itself_reads_them(
        self, url: StorageURL, study: optuna.Study, most: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("storage.patient_storage._MOST_IDS", most)
        storage = open_storage(url)
        fill(optuna.create_study(study_name="other", storage=storage))
        fill(study)
        backend = open_storage(url)._backend
        ids = [trial._trial_id for trial in RDBStorage._get_trials(backend, study._study_id, None, set(), -1)]
        for included, after in (
            ({ids[0]}, ids[2]),
            (set(), ids[-2]),
            (set(ids), ids[-1]),
            ({ids[1], 999}, 999),
        ):
            own = backend._get_trials(study._study_id, None, included, after)
            optunas = RDBStorage._get_trials(backend, study._study_id, None, included, after)
            assert list(map(written_out, own)) == list(map(written_out, optunas))
            assert own
        for one in ids:
            assert written_out(backend.get_trial(one)) == written_out(RDBStorage.get_trial(backend, one))
        for unknown in (lambda: backend.get_trial(999), lambda: backend._get_trials(999, None, set(), 1)):
            with pytest.raises(KeyError):
                unknown()

    def test_a_name_is_given_once(self, url: StorageURL, study: optuna.Study) -> None:
        with pytest.raises(optuna.exceptions.DuplicatedStudyError):
            optuna.create_study(study_name="one", storage=open_storage(url, create=True))

    def test_a_deleted_study_is_gone_and_others_stay(self, url: StorageURL, study: optuna.Study) -> None:
        storage = open_storage(url)
        optuna.create_study(study_name="other", storage=storage)
        optuna.delete_study(study_name="one", storage=storage)
        assert optuna.get_all_study_names(open_storage(url)) == ["other"]

    def test_a_killed_process_loses_nothing_that_was_acknowledged(
        self, url: StorageURL, study: optuna.Study, process: Process
    ) -> None:
        writer = process(
            """
            import sys
            import optuna
            from storage import StorageURL, open_storage
            study = optuna.load_study(study_name="one", storage=open_storage(StorageURL.parse(sys.argv[1])))
            for number in range(10_000):
                study.set_user_attr("last", number)
                print(number, flush=True)
            """,
            url.full,
        )
        acknowledged = next(int(line) for line in writer.stdout or () if int(line) >= 20)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        last = optuna.load_study(study_name="one", storage=open_storage(url)).user_attrs["last"]
        assert last >= acknowledged

    def test_two_processes_write_at_once(
        self, url: StorageURL, study: optuna.Study, process: Process
    ) -> None:
        writers = [process(_WRITE, url.full, "12", name) for name in ("a", "b")]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            writer.communicate("go\n", timeout=60)
        assert [writer.returncode for writer in writers] == [0, 0]
        trials = study.get_trials()
        assert [trial.number for trial in trials] == list(range(24))
        assert sorted(trial.user_attrs["process"] for trial in trials) == ["a"] * 12 + ["b"] * 12
        assert all(trial.value == 0.5 and len(trial.intermediate_values) == 3 for trial in trials)

    def test_a_pickled_storage_works_in_another_process(
        self, url: StorageURL, study: optuna.Study, process: Process
    ) -> None:
        pickled = base64.b64encode(pickle.dumps(study._storage)).decode()
        other = process(_WRITE_WITH_PICKLED, pickled)
        other.communicate(timeout=60)
        assert other.returncode == 0
        assert study.user_attrs == {"from": "elsewhere"}


class TestStudyLock:
    def test_only_one_process_holds_it(self, url: StorageURL, study: optuna.Study, process: Process) -> None:
        holder = process(_HOLD, url.full, "one")
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_driven(url, "one")
        with pytest.raises(StudyBusy, match=f"study 'one' is being driven by host .*, process {holder.pid};"):
            study_lock(url, "one").acquire()
        with study_lock(url, "other"):  # each study has its own
            pass
        holder.communicate("done\n", timeout=30)
        assert not is_driven(url, "one")
        with study_lock(url, "one"):
            assert is_driven(url, "one")

    def test_it_is_free_at_once_when_its_holder_is_killed(
        self, url: StorageURL, study: optuna.Study, process: Process
    ) -> None:
        holder = process(_HOLD, url.full, "one")
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with study_lock(url, "one"):
            pass

    def test_its_holder_is_named(self, url: StorageURL, study: optuna.Study) -> None:
        assert study_lock(url, "one").holder() is None
        with study_lock(url, "one"):
            assert study_lock(url, "one").holder() == f"{socket.gethostname()[:32]}, process {os.getpid()}"

    def test_its_holder_may_ask_whether_it_still_holds_it(self, url: StorageURL, study: optuna.Study) -> None:
        lock = study_lock(url, "one")
        with pytest.raises(StorageError, match="the lock of study 'one' is lost"):
            lock.ensure_held()
        with lock:
            lock.ensure_held()
        with pytest.raises(StorageError, match="the lock of study 'one' is lost"):
            lock.ensure_held()

    def test_it_can_be_taken_again_by_the_same_object(self, url: StorageURL, study: optuna.Study) -> None:
        lock = study_lock(url, "one")
        for _ in range(2):
            with lock:
                assert is_driven(url, "one")
            assert not is_driven(url, "one")

    def test_an_error_inside_releases_it(self, url: StorageURL, study: optuna.Study) -> None:
        with pytest.raises(RuntimeError), study_lock(url, "one"):
            raise RuntimeError
        assert not is_driven(url, "one")

    def test_asking_whether_a_study_is_driven_does_not_keep_a_driver_out(
        self, url: StorageURL, study: optuna.Study
    ) -> None:
        """`is_driven` takes the lock for a moment; a driver that comes in that moment waits for it."""
        with study_lock(url, "one"):
            pass
        asked, enough = 0, threading.Event()

        def ask() -> None:
            nonlocal asked
            while not enough.is_set():
                is_driven(url, "one")
                asked += 1

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        try:
            for _ in range(10):
                with study_lock(url, "one"):
                    pass
        finally:
            enough.set()
            for asker in askers:
                asker.join()
        assert asked > 0

    def test_asking_writes_nothing(self, url: StorageURL, study: optuna.Study, tmp_path: Path) -> None:
        before = sorted(path.name for path in tmp_path.iterdir())
        assert not is_driven(url, "never-driven")
        assert sorted(path.name for path in tmp_path.iterdir()) == before
