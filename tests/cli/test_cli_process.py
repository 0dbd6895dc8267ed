"""The program as a process: signals from its first line on, output that nobody takes, unusual users and settings."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.machine import interruption
from search.machine.standard_streams import LastingOutput
from search.study.study import load_study
from storage import StorageURL

ROOT = Path(__file__).parents[2]


def started(*words: str, prefix: str = "", cwd: Path | None = None, **more: object) -> subprocess.Popen[str]:
    """`perceptuna WORDS` with `prefix`, lines of Python that run before it."""
    code = f"{prefix}\nfrom search.__main__ import main\nmain()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more.pop("environment", {})}  # type: ignore[dict-item]
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env=environment,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},  # type: ignore[call-overload]
    )


# The signal comes while the command line is imported, which is before any study.
AT_IMPORT = """
import os, signal, sys, threading
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{name})
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_the_program_starts_ends_it_in_order(name: str) -> None:
    process = started("list", prefix=AT_IMPORT.format(name=name))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "perceptuna: interrupted\n")


WHEN_PYTHON_IS_TAKEN_DOWN = """
import os, signal, sys
class Impatient:
    def __del__(self, kill=os.kill, own=os.getpid(), numbers=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)):
        for number in numbers:
            kill(own, number)
sys.modules["impatient"] = Impatient()
"""


def test_a_signal_while_python_is_taken_down_changes_no_exit_code() -> None:
    process = started("--version", prefix=WHEN_PYTHON_IS_TAKEN_DOWN)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out[:11], err) == (0, "perceptuna ", "")


MADE_UP = """
import search.running.drive
from benchmarks.soak_driver import MadeUpWorkers
search.running.drive.workers_of = MadeUpWorkers
"""


def test_a_hangup_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under `nohup`, which also leaves SIGTERM and Ctrl-C as they are."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert interruption.signals_to_heed() == (signal.SIGINT, signal.SIGTERM)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert signal.SIGHUP in interruption.signals_to_heed()
    finally:
        signal.signal(signal.SIGHUP, before)


class TestOutput:
    def test_a_gone_reader_and_a_full_disk_are_remembered_and_harmless(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        full = os.open("/dev/full", os.O_WRONLY)
        for descriptor, number in ((writer, errno.EPIPE), (full, errno.ENOSPC)):
            raw = LastingOutput(descriptor, "w")
            with io.TextIOWrapper(io.BufferedWriter(raw), errors="replace") as stream:
                for _ in range(3):
                    print("x" * 100_000, file=stream, flush=True)
                assert raw.fault is not None
                assert raw.fault.errno == number

    def test_a_slow_terminal_that_does_not_block_gets_every_byte(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        count = subprocess.Popen(["wc", "-c"], stdin=reader, stdout=subprocess.PIPE)
        os.close(reader)
        with io.BufferedWriter(LastingOutput(writer, "w")) as stream:
            stream.write(b"x" * 1_000_000)
        assert count.communicate(timeout=60)[0] == b"1000000\n"

    @pytest.mark.parametrize(
        ("redirection", "code", "message"),
        [
            (">&- 2>&- <&-", 0, ""),
            ("2>&- | head -c 1", 0, ""),
            (">/dev/full", 3, "perceptuna: standard output is not complete: No space left on device"),
        ],
    )
    def test_a_command_ends_quietly_where_nobody_takes_its_output(
        self, tmp_path: Path, redirection: str, code: int, message: str
    ) -> None:
        line = f'set -o pipefail; exec 9>&1; "{sys.executable}" -m search --help {redirection}'
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code
        assert done.stderr.startswith(message)
        assert len(done.stderr.splitlines()) == bool(message)
        assert list(tmp_path.iterdir()) == []


def test_a_deleted_working_folder_is_named(tmp_path: Path) -> None:
    process = started("list", prefix="import os; os.rmdir(os.getcwd())", cwd=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err == "perceptuna: the folder you are in was deleted; change to one that is there, by cd\n"


# A folder of Keras's settings, and an environment, in which a training would be another one or none.
OTHER_KERAS = (
    """{"floatx": "float16", "epsilon": 0.01, "backend": "jax", "image_data_format": "channels_first"}"""
)
# Of what Keras imports in case it is used, nothing is.
ASK_KERAS = """
import sys
sys.modules.update(dict.fromkeys(("sklearn", "matplotlib", "pandas", "scipy")))
from search.machine.plain_keras import import_keras
keras = import_keras()
c = keras.config
print(c.backend(), c.floatx(), c.epsilon(), c.image_data_format(), c.dtype_policy().name, c.max_epochs())
"""


def test_a_users_settings_of_keras_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text(OTHER_KERAS)
    environment = {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1"}
    process = started(prefix=f"{ASK_KERAS}\nraise SystemExit", environment=environment)
    out, err = process.communicate(timeout=120)
    assert out == "tensorflow float32 1e-07 channels_last float32 None\n", err


class TestStudy:
    """Whole commands, with trials that cost nothing."""

    RUN = "run one --data digits --space small --trials 8 --epochs 3 --workers 2 --storage studies.db"

    @pytest.fixture
    def command(self, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
        def start(line: str, **more: Any) -> subprocess.Popen[str]:
            return started(*line.split(), prefix=MADE_UP, cwd=tmp_path, **more)

        return start

    def test_a_study_goes_on_to_its_end_when_nobody_reads_it(
        self, tmp_path: Path, command: Callable[..., subprocess.Popen[str]]
    ) -> None:
        process = command(self.RUN)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "reading digits …\n"
        process.stdout.close()
        process.stderr.close()
        assert process.wait(60) == 0
        study = load_study("one", StorageURL.parse(str(tmp_path / "studies.db")))
        assert len(study.finished()) == 8

    @pytest.mark.parametrize(
        ("name", "said", "message"),
        [
            ("SIGTERM", "reading", "perceptuna: interrupted\n"),
            ("SIGHUP", "[3/", "perceptuna: interrupted; go on with: perceptuna resume one"),
        ],
    )
    def test_a_signal_is_told_with_the_way_to_go_on_where_there_is_a_study(
        self, command: Callable[..., subprocess.Popen[str]], name: str, said: str, message: str
    ) -> None:
        process = command(self.RUN)
        assert process.stdout is not None
        while said not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, out + err
        assert err.startswith(message)
        assert "Traceback" not in out + err
