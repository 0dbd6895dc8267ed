"""The Dockerfile's steps, done in a folder: what they copy, build and start is what a container would have.

There is no engine here, and nothing is downloaded: packages of the lock file are links to those that are installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from search.service.users import Users
from storage import StorageURL, open_storage

REPOSITORY = Path(__file__).parents[1]
Step = tuple[str, str]


def steps() -> Iterator[Step]:
    """Instructions of the Dockerfile with what they are given, continued lines joined."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


class Container:
    """A folder in place of a file system: `/opt` is `ROOT/opt`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.at = root
        self.environment: dict[str, str] = {}
        self.asked: dict[str, str] = {}

    def here(self, text: str) -> str:
        """`text` with its absolute paths below the folder; those of a URL have three slashes before them."""
        return re.sub(r"(?<![\w/.])(/{0,3})(?=/(?:opt|srv)/)", lambda found: f"{found[1]}{self.root}", text)

    def do(self, word: str, given: str) -> None:
        match word:
            case "WORKDIR":
                self.at = Path(self.here(given + "/"))
                self.at.mkdir(parents=True, exist_ok=True)
            case "COPY":
                *sources, target = given.split()
                for source in sources:
                    self.copy(REPOSITORY / source, self.at / target)
            case "RUN":
                for command in given.split(" && "):
                    self.run(command.split())
            case "ENV":
                for name, value in re.findall(r"(\w+)=(\S+)", given):
                    self.environment[name] = self.here(value.replace(":$PATH", f":{os.environ['PATH']}"))
            case _:
                self.asked[word] = given

    def copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def run(self, words: list[str]) -> None:
        pip = [sys.executable, "-m", "pip", "--python", self.here("/opt/venv/"), "--quiet", "--no-cache-dir"]
        match words:
            case ["python", "-m", "venv", folder]:
                venv.create(self.here(folder + "/"), with_pip=False)
            case ["/opt/venv/bin/python", "-m", "pip", "install", *_, "--require-hashes", "-r", lock]:
                self.link_packages(self.at / lock)
            case ["/opt/venv/bin/python", "-m", "pip", "install", "--no-cache-dir", *options, "."]:
                done = subprocess.run(
                    [*pip, "install", "--no-index", "--no-compile", *options, "."],
                    cwd=self.at,
                    capture_output=True,
                    text=True,
                )
                assert done.returncode == 0, done.stderr
            case ["useradd", *_]:
                pass
            case ["install", "-d", "-o", "perceptuna", folder]:
                Path(self.here(folder + "/")).mkdir(parents=True)
            case _:
                pytest.fail(f"no such step is known here: RUN {' '.join(words)}")

    def link_packages(self, lock: Path) -> None:
        """Of each package of the lock file, which is installed here."""
        packages = next(self.root.glob("opt/venv/lib/python3*/site-packages"))
        lines = re.findall(r"^[A-Za-z0-9._-]+==[^\\\n]*", lock.read_text(encoding="utf-8"), re.MULTILINE)
        pinned = [Requirement(line) for line in lines]
        assert len(pinned) > 50
        for package in pinned:
            if package.marker is not None and not package.marker.evaluate():
                continue  # of another system
            found = distribution(package.name)
            for part in {file.parts[0] for file in found.files or () if ".." not in file.parts}:
                if part != "__pycache__" and not (packages / part).exists():
                    (packages / part).symlink_to(found.locate_file(part))


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Container:
    built = Container(tmp_path_factory.mktemp("container"))
    for word, given in steps():
        built.do(word, given)
    return built


def test_it_starts_a_service_that_is_well_and_ends_it_in_order(
    container: Container, unused_port: int
) -> None:
    program = json.loads(container.asked["ENTRYPOINT"]) + json.loads(container.here(container.asked["CMD"]))
    assert container.asked["STOPSIGNAL"] == "SIGTERM"
    assert container.asked["USER"] == "perceptuna"
    program[program.index("0.0.0.0")] = "127.0.0.1"
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PERCEPTUNA", "PYTHON"))
    }
    environment = {**kept, **container.environment}
    url = url_of(container)
    Users(open_storage(url, create=True)).add("anna", "admin")
    path = environment["PATH"].partition(":")[0]
    # Without proxies: a test of failed downloads has named one that does not answer, and urllib remembers it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with subprocess.Popen(
        [f"{path}/{program[0]}", *program[1:], "--port", str(unused_port), "--cold"],
        cwd=container.at,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        try:
            assert service.stdout is not None
            line = json.loads(service.stdout.readline())
            assert line["message"] == f"service on http://127.0.0.1:{unused_port}/ (Ctrl-C ends it)"
            word, *check = json.loads(container.asked["HEALTHCHECK"].partition("CMD ")[2])
            check[-1] = check[-1].replace("8090", str(unused_port))
            deadline = time.monotonic() + 120
            while subprocess.run([f"{path}/{word}", *check], capture_output=True).returncode:
                assert time.monotonic() < deadline
            with pytest.raises(urllib.error.HTTPError, match="401"):
                opener.open(f"http://127.0.0.1:{unused_port}/api/v1/me?token=hidden", timeout=60)
        finally:
            service.send_signal(signal.SIGTERM)
        assert service.stdout is not None
        rest = service.stdout.read()
    assert service.returncode in (0, 130)
    told = [json.loads(line) for line in rest.splitlines()]
    asked = next(one for one in told if one["message"] == "GET /api/v1/me")
    assert (asked["logger"], asked["status"], asked["level"]) == ("uvicorn.access", 401, "info")
    assert "hidden" not in rest


def test_it_copies_what_the_package_is_built_of(container: Container) -> None:
    built = {path.name for path in (container.root / "opt/perceptuna").iterdir()} - {"build"}
    rooms = {"perceptuna", "search", "spaces", "storage"}
    assert built == rooms | {"LICENSE", "README.md", "pyproject.toml", "requirements.lock"}
    assert url_of(container).sqlite_path == container.root / "srv/perceptuna/studies.db"


def url_of(container: Container) -> StorageURL:
    return StorageURL.parse(container.environment["PERCEPTUNA_STORAGE"])
