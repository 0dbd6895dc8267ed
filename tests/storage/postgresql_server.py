"""A throw-away PostgreSQL server on a loopback port, from the programs that Debian's package installs.

For tests, and as a program for .ci/run: `start FOLDER` prints its URL, `stop FOLDER` ends it.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import sys
from pathlib import Path


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, of the newest version that is installed."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


class Server:
    """Its data lies in `folder`, which is created and whose parents anybody may enter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def url(self) -> str:
        port = (self.folder / "port").read_text()
        return f"postgresql://perceptuna@127.0.0.1:{port}/postgres"

    def create(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            (self.folder / "port").write_text(str(listener.getsockname()[1]))
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, _unprivileged())
        self._run("initdb", "--username=perceptuna", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        port = (self.folder / "port").read_text()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As an administrator does it, with all connections ended."""
        self._run("pg_ctl", "-w", "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        folder = programs()
        assert folder is not None, "PostgreSQL is not installed"
        command = [str(folder / program), "-D", str(self.folder / "data"), *arguments]
        user = _unprivileged() if os.geteuid() == 0 else None
        # The server keeps the streams of who started it, so that a pipe would never end.
        with (self.folder / "output").open("a") as output:
            done = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{(self.folder / 'output').read_text()}")


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), getpass.getuser())


if __name__ == "__main__":
    action, place = sys.argv[1:]
    server = Server(Path(place))
    if action == "start":
        server.create()
        print(server.url)
    else:
        server.stop()
