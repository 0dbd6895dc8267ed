"""Studies on a Dask cluster that is there already: real schedulers and workers on 127.0.0.1, one of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from dask_cluster import DaskCluster, Program
from optuna.trial import FrozenTrial, TrialState

import search.workers.remote
from search.data import PreparedData, fingerprint_file
from search.errors import ClusterLost, DataError, InputError
from search.study.data_cache import find_data, received_folder
from search.study.study import load_study
from search.study.trial_record import trial_record
from search.training.environment import installed_versions
from search.workers.cluster import ClusterWorkers
from search.workers.joining import Introduction, Needs, finish_receiving, receive, this_machine
from search.workers.remote import ExistingCluster, _send, _unfit, check_cluster
from storage import StorageURL

HERE = Introduction("here", installed_versions(), (this_machine(), "/cache"), True, False, False, True, "")

# Compiled once by each worker.
ONE_STRUCTURE = """
version = 1
depth = 2
width = { low = 16, high = 64, log = true }
learning_rate = { low = 3e-4, high = 3e-2, log = true }
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Without workers. One scheduler for all tests, of which the last kills it."""
    started = DaskCluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.close()


def needs(digits: PreparedData, url: StorageURL, machine: str | None = None) -> Needs:
    return Needs("run", url.full, machine or this_machine(), digits.folder, digits.spec.fingerprint)


def test_workers_end_where_they_are_left_while_they_start() -> None:
    class Gone:
        closed = False

        def open(self) -> object:
            return SimpleNamespace(subscribe_topic=lambda topic, handler: None)

        def addresses(self) -> set[str]:
            raise KeyboardInterrupt

        def close(self) -> None:
            self.closed = True

    fleet = Gone()
    with pytest.raises(KeyboardInterrupt), ClusterWorkers(fleet, lambda event: None):  # type: ignore[arg-type]
        pass
    assert fleet.closed


class Driver:
    """`perceptuna` commands, one after the other, for one study."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.url = StorageURL.parse(str(folder / "studies.db"))
        self.address = address

    def start(self, line: str) -> Program:
        output = self.folder / f"{line.split()[0]}-{time.monotonic_ns()}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "search", *line.split(), "--storage", str(self.url)],
                env={**os.environ, "PERCEPTUNA_CACHE": str(self.folder / "cache")},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        return Program(process, output)

    def trials(self) -> list[FrozenTrial]:
        return load_study("far", self.url).optuna.get_trials()

    def until(
        self, condition: Callable[[list[FrozenTrial]], bool], program: Program, seconds: float = 180
    ) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert program.process.poll() is None, program.text()
            if condition(self.trials()):
                return
            time.sleep(0.2)
        raise AssertionError(program.text())


def pid_of_worker(nanny: Program) -> int:
    (worker,) = (
        child
        for child in psutil.Process(nanny.process.pid).children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    )
    return int(worker.pid)


def trained_by(trials: list[FrozenTrial], pid: int) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.user_attrs.get("process") == pid]


@pytest.mark.slow
def test_workers_join_and_die_and_the_study_has_its_budget(cluster: DaskCluster, tmp_path: Path) -> None:
    driver = Driver(tmp_path, cluster.address)
    first = cluster.worker()
    first.until("Registered to")
    (tmp_path / "one-structure.toml").write_text(ONE_STRUCTURE)
    run = driver.start(
        f"run far --data digits --space {tmp_path}/one-structure.toml --trials 500 --epochs 25 --pruner none "
        f"--cluster {cluster.address}"
    )
    run.until("1 workers at")
    # One that joins while the study runs is used; one with other versions is not.
    second, other = cluster.worker(), cluster.worker(other_versions=True)
    second.until("Registered to")
    joined = pid_of_worker(second)
    driver.until(lambda trials: bool(trained_by(trials, joined)), run)
    run.until(r"a worker is not used: host \S+: optuna 4\.9\.0 there, 5\.")
    other.kill()
    # A machine that is lost, worker and nanny, costs the trial that it trained.
    second.kill()
    driver.until(lambda trials: any("requeued" in trial.user_attrs for trial in trials), run)
    assert run.text().count("its worker died; it will be run again") == 1
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(90) == 130
    before = driver.trials()
    assert {trial.state for trial in before} <= {TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING}

    # The worker that is left outlives its driver, and starts afresh for the next one.
    finished = sum(trial.state is TrialState.COMPLETE for trial in before)
    resumed = driver.start(f"resume far --trials {finished + 2} --cluster {cluster.address}")
    assert resumed.process.wait(180) == 0, resumed.text()
    assert "restarting workers that have trained for another study" in resumed.text()
    after = driver.trials()
    complete = [trial for trial in after if trial.state is TrialState.COMPLETE]
    assert sorted(trial_record(trial).original for trial in complete) == list(range(finished + 2))
    assert all("requeued" in trial.user_attrs for trial in after if trial.state is TrialState.FAIL)
    assert {trial.number: trial.value for trial in before if trial.value is not None}.items() <= {
        trial.number: trial.value for trial in complete
    }.items()
    first.kill()


class TestRefused:
    """Before anything is written."""

    def test_what_a_worker_lacks_is_listed(self) -> None:
        assert _unfit(HERE) == []
        other = {**installed_versions(), "optuna": "4.9.0", "keras": "3.0"}
        assert [reason.split(": ")[1].split(" ")[:3] for reason in _unfit(replace(HERE, versions=other))] == [
            ["keras", "3.0", "there,"],
            ["optuna", "4.9.0", "there,"],
        ]
        assert "is to be installed there" in _unfit(ModuleNotFoundError("no module named 'search'"))[0]
        assert "is another perceptuna there?" in _unfit(AttributeError("introduce"))[0]

    @pytest.mark.parametrize("address", ["10.0.0.1:8786", "http://a:1", "tcp://a", "tcp://a:8786/x"])
    def test_an_address_is_read_strictly(self, address: str, digits: PreparedData, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"expected tcp://HOST:PORT or tls://HOST:PORT, but got"):
            check_cluster(address, needs(digits, StorageURL.parse(str(tmp_path / "a.db"))))

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1"),
            ("tls://127.0.0.1:1", "Dask's settings name none"),
        ],
    )
    def test_nobody_there(
        self,
        address: str,
        message: str,
        digits: PreparedData,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(search.workers.remote, "_CONNECT_SECONDS", 1)
        with pytest.raises(InputError, match=message):
            check_cluster(address, needs(digits, StorageURL.parse(str(tmp_path / "a.db"))))


@pytest.mark.slow
def test_workers_that_cannot_serve_are_refused_and_receive_data_without_the_test_split(
    cluster: DaskCluster, tmp_path: Path, digits: PreparedData
) -> None:
    from distributed import Client

    url = StorageURL.parse(str(tmp_path / "studies.db"))
    programs = cluster.worker(other_versions=True), cluster.worker("--no-nanny")
    for program in programs:
        program.until("Registered to")
    with pytest.raises(InputError) as refused:
        check_cluster(cluster.address, needs(digits, url, machine="another"))
    text = str(refused.value)
    for reason in ("optuna 4.9.0 there, 5.", "leave out --no-nanny", "cannot share the SQLite file"):
        assert reason in text
    assert not (tmp_path / "studies.db").exists()

    with Client(cluster.address, set_as_default=False) as client:
        _send(client, digits.folder, sorted(client.nthreads())[:1])
    received = cluster.folder / "worker-cache" / "received"
    assert [path.name for path in received.iterdir()] == [digits.folder.name]
    files = sorted(path.name for path in (received / digits.folder.name).iterdir())
    arrays = ["train_x.npy", "train_y.npy", "validation_x.npy", "validation_y.npy"]
    assert files == ["components.npz", "data.json", *arrays]
    for program in programs:
        program.kill()


class TestData:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "worker"))

    def test_a_shared_folder_is_used_as_it_is(self, digits: PreparedData) -> None:
        assert find_data(digits.folder, digits.spec.fingerprint).folder == digits.folder

    def test_other_data_is_not(self, digits: PreparedData) -> None:
        with pytest.raises(DataError, match="neither in"):
            find_data(digits.folder, "another")

    def test_what_was_received_in_parts_is_used(self, digits: PreparedData, tmp_path: Path) -> None:
        elsewhere = tmp_path / "not-mounted-here" / digits.folder.name
        self.receive(digits.folder)
        found = find_data(elsewhere, digits.spec.fingerprint)
        assert found.folder == received_folder(digits.folder.name)
        assert (found.training()[0] == digits.training()[0]).all()

    def test_what_arrived_damaged_is_not(self, digits: PreparedData) -> None:
        with pytest.raises(DataError, match=r"train_x\.npy did not arrive as it was sent"):
            self.receive(digits.folder, damaged="train_x.npy")
        assert list(received_folder("x").parent.iterdir()) == []

    @staticmethod
    def receive(folder: Path, damaged: str = "") -> None:
        digests: dict[str, str] = {}
        for path in search.data.searched_files(folder):
            content = path.read_bytes()
            half = len(content) // 2
            receive(folder.name, path.name, content[:half], 0)
            receive(folder.name, path.name, content[half:] if path.name != damaged else b"", half)
            digests[path.name] = fingerprint_file(path)
        finish_receiving(folder.name, digests)


@pytest.mark.slow
def test_a_scheduler_that_is_gone_ends_the_driver_with_the_way_to_go_on(
    cluster: DaskCluster, tmp_path: Path, digits: PreparedData
) -> None:
    said: list[str] = []
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    workers = ClusterWorkers(
        ExistingCluster(cluster.address, needs(digits, url), said.append, "perceptuna resume far"),
        lambda event: None,
    )
    with workers:
        assert workers.slots == 0
        assert said == [f"no workers at {cluster.address} yet; waiting for them (Ctrl-C ends it)"]
        cluster.scheduler.kill()
        with pytest.raises(ClusterLost, match=r"is gone \(.*: perceptuna resume far"):
            collect_for(workers, 20)


def collect_for(workers: ClusterWorkers, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        workers.collect(0.1)
