"""Faults that pass are waited out for a bounded time, and what was done already is not done twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.artifacts import upload_artifact
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from postgresql_server import Server

from storage import DatabaseUnusable, StorageError, StorageURL, open_artifacts, open_storage
from storage.errors import ArtifactsUnusable, may_pass, translate, translated
from storage.patience import keep_trying, patience_seconds, patient
from storage.rescue import resumable

_HOLD = """
    import sqlite3, sys, time
    connection = sqlite3.connect(sys.argv[1], timeout=30)
    connection.execute("begin immediate")
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
BROKEN = sqlite3.OperationalError("the connection broke")
BROKEN.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[attr-defined]

pytestmark = pytest.mark.usefixtures("bound")


def held(process: Callable[..., subprocess.Popen[str]], path: Path, seconds: float) -> None:
    holder = process(_HOLD, str(path), str(seconds))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"


class TestLocked:
    """By another program, really."""

    def test_whoever_is_patient_waits_for_its_end_and_says_so(
        self, one: optuna.Study, path: Path, process: Callable[..., subprocess.Popen[str]]
    ) -> None:
        trial = one.ask()
        held(process, path, 1.2)
        told: list[str] = []
        with patient(told.append):
            trial.report(0.5, 1)
            one.tell(trial, 0.5)
        assert told[0] == "storage: database is locked; trying again for up to 2 s"
        assert told[1].startswith("storage: works again after ")
        assert (one.trials[0].value, one.trials[0].intermediate_values) == (0.5, {1: 0.5})

    def test_a_bound_is_kept(
        self, one: optuna.Study, path: Path, process: Callable[..., subprocess.Popen[str]], bound: float
    ) -> None:
        trial = one.ask()
        held(process, path, 30)
        began = time.monotonic()
        with patient(), pytest.raises(optuna.exceptions.StorageInternalError) as error:
            one.tell(trial, 0.5)
        assert bound <= time.monotonic() - began < 1.25 * bound + 2
        assert "database is locked" in str(translate(error.value))

    def test_whoever_only_looks_does_not_wait(
        self, one: optuna.Study, path: Path, process: Callable[..., subprocess.Popen[str]]
    ) -> None:
        held(process, path, 30)
        began = time.monotonic()
        with pytest.raises(optuna.exceptions.StorageInternalError):
            one.set_user_attr("x", 1)
        assert time.monotonic() - began < 1.5

    def test_who_wants_to_stop_is_not_kept_waiting(
        self, one: optuna.Study, path: Path, process: Callable[..., subprocess.Popen[str]]
    ) -> None:
        held(process, path, 30)
        began = time.monotonic()
        wanted = lambda: time.monotonic() - began < 0.7  # noqa: E731
        with patient(wanted=wanted), pytest.raises(optuna.exceptions.StorageInternalError):
            one.set_user_attr("x", 1)
        assert time.monotonic() - began < 1.8


class TestRepeated:
    """The connection breaks after the server has committed: the call comes again, and must not count twice."""

    @pytest.fixture
    def breaking(self, study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
        """Called, it makes the next commit fail after it has been done."""
        from sqlalchemy import event

        engine = study._storage._backend.engine
        armed = False

        def after_commit(connection: Any) -> None:
            nonlocal armed
            if armed:
                armed = False
                connection.connection.driver_connection.commit()
                raise BROKEN

        def arm() -> None:
            nonlocal armed
            armed = True

        event.listen(engine, "commit", after_commit)
        with patient():
            yield arm
        assert not armed

    def test_a_trial_is_created_once(self, study: optuna.Study, breaking: Callable[[], None]) -> None:
        storage = study._storage._backend
        breaking()
        trial_id = storage.create_new_trial(study._study_id)
        assert [trial._trial_id for trial in study.get_trials()] == [trial_id]

    def test_a_trial_is_enqueued_once_with_all_its_attributes(
        self, study: optuna.Study, breaking: Callable[[], None]
    ) -> None:
        study.get_trials()  # asked by Optuna before it enqueues
        template = optuna.trial.create_trial(
            state=TrialState.WAITING,
            user_attrs={"original_number": 3},
            system_attrs={"fixed_params": {"x": 0.5}},
        )
        breaking()
        study._storage.create_new_trial(study._study_id, template)
        (trial,) = study.get_trials()
        assert (trial.state, trial.user_attrs) == (TrialState.WAITING, {"original_number": 3})

    def test_a_waiting_trial_is_taken_once(self, study: optuna.Study, breaking: Callable[[], None]) -> None:
        study.enqueue_trial({"x": 0.5})
        (waiting,) = study.get_trials()
        breaking()
        assert study._storage.set_trial_state_values(waiting._trial_id, TrialState.RUNNING)
        assert study.get_trials()[0].state is TrialState.RUNNING

    def test_a_value_is_told_once(self, study: optuna.Study, breaking: Callable[[], None]) -> None:
        trial = study.ask()
        breaking()
        assert study._storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [0.5])
        assert [trial.value for trial in study.get_trials()] == [0.5]

    def test_reports_parameters_and_attributes_are_kept_once(
        self, study: optuna.Study, breaking: Callable[[], None]
    ) -> None:
        trial = study.ask()
        storage = study._storage
        distribution = optuna.distributions.FloatDistribution(0, 1)
        for write in (
            lambda: storage.set_trial_param(trial._trial_id, "x", 0.5, distribution),
            lambda: storage.set_trial_intermediate_value(trial._trial_id, 1, 0.25),
            lambda: storage.set_trial_user_attr(trial._trial_id, "seed", 3),
            lambda: storage.set_trial_system_attr(trial._trial_id, "note", "n"),
            lambda: storage.set_study_user_attr(study._study_id, "driver", "here"),
        ):
            breaking()
            write()
        (read,) = study.get_trials()
        assert (read.params, read.intermediate_values) == ({"x": 0.5}, {1: 0.25})
        assert (read.user_attrs, read.system_attrs) == ({"seed": 3}, {"note": "n"})
        assert study.user_attrs == {"driver": "here"}

    def test_another_end_told_by_somebody_else_is_not_taken_for_ones_own(
        self, study: optuna.Study, url: StorageURL
    ) -> None:
        trial = study.ask()
        storage = study._storage._backend
        calls = 0

        def break_once_while_another_tells() -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                other = optuna.load_study(study_name="one", storage=open_storage(url))
                other.tell(0, state=TrialState.FAIL)
                raise BROKEN

        original = optuna.storages.RDBStorage.set_trial_state_values

        def set_state(self: Any, *args: Any) -> bool:
            break_once_while_another_tells()
            return original(self, *args)

        with pytest.MonkeyPatch.context() as patch, patient():
            patch.setattr(optuna.storages.RDBStorage, "set_trial_state_values", set_state)
            with pytest.raises(UpdateFinishedTrialError, match="ended as FAIL meanwhile"):
                storage.set_trial_state_values(trial._trial_id, TrialState.COMPLETE, [0.5])


class TestServer:
    """PostgreSQL alone."""

    def test_a_server_that_is_back_in_time_is_written_on(self, server: Server) -> None:
        url = StorageURL.parse(server.url)
        one = optuna.create_study(study_name="one", storage=open_storage(url, create=True))
        trial = one.ask()
        server.stop()
        told: list[str] = []

        def start(remark: str) -> None:
            told.append(remark)
            if len(told) == 1:
                server.start()

        with patient(start):
            trial.report(0.5, 1)
            one.tell(trial, 0.5)
        assert told[0].endswith("trying again for up to 2 s")
        assert (one.trials[0].value, one.trials[0].intermediate_values) == (0.5, {1: 0.5})

    def test_a_server_that_stays_away_is_named_with_what_to_do(self, server: Server) -> None:
        url = StorageURL.parse(server.url)
        one = optuna.create_study(study_name="one", storage=open_storage(url, create=True))
        server.stop()
        with pytest.raises(StorageError, match="see that the server runs and can be reached") as error:  # noqa: SIM117
            with resumable(one._storage, url, "perceptuna resume one"), patient():
                one.ask()
        assert str(error.value).endswith("then resume the study: perceptuna resume one")
        server.start()


class TestArtifacts:
    def test_a_folder_that_takes_no_file_is_waited_for(self, one: optuna.Study, tmp_path: Path) -> None:
        file = tmp_path / "file.bin"
        file.write_bytes(b"a model")
        folder = tmp_path / "artifacts"
        store = open_artifacts(folder)
        folder.rename(tmp_path / "away")
        told: list[str] = []

        def bring_back(remark: str) -> None:
            told.append(remark)
            if not folder.exists():
                (tmp_path / "away").rename(folder)

        with patient(bring_back):
            artifact = upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=one)
        assert told[0].startswith(f"storage: the artifact folder {folder} takes no file (No such file or")
        assert (folder / artifact).read_bytes() == b"a model"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_read_only_folder_ends_with_what_to_do(self, one: optuna.Study, tmp_path: Path) -> None:
        store = open_artifacts(tmp_path / "artifacts")
        (tmp_path / "artifacts").chmod(0o500)
        with pytest.raises(ArtifactsUnusable, match="make it writable"), patient():
            upload_artifact(artifact_store=store, file_path=__file__, study_or_trial=one)


def test_a_fault_that_is_translated_already_is_not_its_own_cause() -> None:
    """Dask follows the causes of a worker's error to their end."""
    with pytest.raises(ArtifactsUnusable) as error, translated():
        raise ArtifactsUnusable("the folder is gone")
    assert error.value.__cause__ is None
    with pytest.raises(StorageError) as error, translated():
        raise sqlite3.OperationalError("database is locked")
    assert isinstance(error.value.__cause__, sqlite3.OperationalError)


def test_what_does_not_pass_is_not_waited_for(one: optuna.Study, path: Path) -> None:
    calls = 0

    def damaged() -> None:
        nonlocal calls
        calls += 1
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("select * from songs")

    with patient(), pytest.raises(sqlite3.OperationalError, match="no such table"):
        keep_trying(damaged)
    assert calls == 1
    assert not may_pass(KeyError("width"))


@pytest.mark.parametrize("given", ["soon", "-1", "inf", "nan"])
def test_a_patience_that_is_no_number_of_seconds_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCEPTUNA_STORAGE_PATIENCE", given)
    with pytest.raises(DatabaseUnusable, match=r"PERCEPTUNA_STORAGE_PATIENCE: expected a number of seconds"):
        patience_seconds()
