"""Workers of a Dask cluster that is there already: on this machine or others, coming and going."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.data import fingerprint_file, searched_files
from search.errors import ClusterLost, InputError
from search.training.environment import installed_versions
from search.workers.joining import Introduction, Needs, finish_receiving, introduce, receive

if TYPE_CHECKING:
    from distributed import Client

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 0.5
# How often workers that came are looked at: each look asks all of them and waits for the slowest.
_WELCOME_SECONDS = 2.0
_ANSWER_SECONDS = 60.0
_RESTART_SECONDS = 30.0
_PART_BYTES = 8 * 2**20


def check_cluster(address: str, needs: Needs) -> None:
    """Whether every worker that is at `address` now can serve. Changes nothing.

    Raises:
        InputError: no cluster there, or workers that cannot; with what is wrong with each.
    """
    client = _connect(address)
    try:
        found = _introductions(client, needs, list(client.nthreads()))
    finally:
        client.close()
    wrong = {line: None for one in found.values() for line in _unfit(one)}
    if wrong:
        lines = "\n".join(f"  {line}" for line in wrong)
        raise InputError(f"--cluster: workers at {address} cannot serve this study:\n{lines}")


class ExistingCluster:
    """Those workers at `address` that can serve; what the others lack is said, and they are left alone.

    A process that has trained for another driver is restarted first: TensorFlow takes its threads once.

    Args:
        go_on: the command that goes on, for who sees the cluster go away.
        renew: makes the data whole again before it is sent, where somebody has emptied the driver's cache.
    """

    def __init__(
        self,
        address: str,
        needs: Needs,
        say: Callable[[str], None],
        go_on: str,
        renew: Callable[[], object] = lambda: None,
    ) -> None:
        self.run = needs.run
        self._renew = renew
        self._address = address
        self._go_on = go_on
        self._needs = needs
        self._say = say
        self._accepted: set[str] = set()
        self._refused: set[str] = set()
        self._said: set[str] = set()
        self._looked = self._welcomed = float("-inf")

    def open(self) -> Client:
        if self._address.startswith("tcp:") and not _is_loopback(self._address):
            self._say(
                "note: tcp:// is neither encrypted nor authenticated, and who reaches the scheduler can run code "
                "on its workers; outside a trusted network use tls://"
            )
        self._client: Any = _connect(self._address)
        if not self._client.nthreads():
            self._say(f"no workers at {self._address} yet; waiting for them (Ctrl-C ends it)")
        return self._client

    def addresses(self) -> set[str]:
        """Raises ClusterLost."""
        if self._client.status != "running":
            raise self._gone("its connection ended")
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            present = set(self._ask(self._client.scheduler.ncores))
            self._accepted &= present
            self._refused &= present
            new = sorted(present - self._accepted - self._refused)
            if new and now - self._welcomed > _WELCOME_SECONDS:
                self._welcome(new)
                self._welcomed = time.monotonic()
        return set(self._accepted)

    def close(self) -> None:
        """The workers stay. Trials of this driver that still run there end at their next epoch."""
        self._client.close(timeout=10)

    def _ask(self, call: Callable[..., Any]) -> Any:
        try:
            return self._client.sync(call, callback_timeout=_ANSWER_SECONDS)
        except (OSError, TimeoutError) as error:
            raise self._gone(type(error).__name__) from error

    def _gone(self, reason: str) -> ClusterLost:
        return ClusterLost(
            f"the scheduler at {self._address} is gone ({reason}); what was acknowledged is kept, and the rest is run "
            f"again, here or on a cluster, by: {self._go_on}"
        )

    def _welcome(self, new: list[str]) -> None:
        found = _introductions(self._client, self._needs, new)
        fit = {
            address: one
            for address, one in found.items()
            if self._fits(address, one) and isinstance(one, Introduction)
        }
        used = [address for address, one in fit.items() if one.used and not one.busy]
        if used:
            self._remark("restarting workers that have trained for another study")
            self._client.restart_workers(used, timeout=_RESTART_SECONDS, raise_for_error=False)
        fresh = {address: one for address, one in fit.items() if not one.used}
        lacking = {address: one for address, one in fresh.items() if not one.has_data}
        self._accepted |= set(fresh) - set(lacking)
        if lacking:
            self._provide(lacking)
        if self._accepted & set(new):
            self._remark(f"{len(self._accepted)} workers at {self._address}")

    def _fits(self, address: str, one: Introduction | Exception) -> bool:
        if isinstance(one, OSError):
            return False  # it left meanwhile, or comes again
        reasons = _unfit(one)
        if reasons:
            self._refused.add(address)
            for reason in reasons:
                self._remark(f"a worker is not used: {reason}")
        elif isinstance(one, Introduction) and one.used and one.busy:
            self._remark(f"a worker on {one.host} trains for another study; it is used when it is free")
        return not reasons

    def _provide(self, lacking: dict[str, Introduction]) -> None:
        """Send the data to one worker of each place; the others of the place find it there."""
        receivers = {one.place: address for address, one in lacking.items()}
        hosts = ", ".join(sorted({one.host for one in lacking.values()}))
        self._renew()
        size = sum(path.stat().st_size for path in searched_files(self._needs.data))
        self._say(f"sending {size / 1e6:,.1f} MB of data to {hosts} …")
        try:
            _send(self._client, self._needs.data, sorted(receivers.values()))
        except (OSError, TimeoutError) as error:
            self._remark(f"data could not be sent ({error or type(error).__name__})")
        for address, one in _introductions(self._client, self._needs, sorted(lacking)).items():
            if isinstance(one, Introduction) and one.has_data:
                self._accepted.add(address)
            elif not isinstance(one, OSError):
                self._refused.add(address)
                self._remark(f"a worker is not used: {address}: it has not got the data ({one})")

    def _remark(self, text: str) -> None:
        """Workers that are started again and again come with the same fault."""
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _is_loopback(address: str) -> bool:
    return address.split("://")[1].rpartition(":")[0] in _LOOPBACK


def _connect(address: str) -> Any:
    if _ADDRESS.fullmatch(address) is None:
        raise InputError(f"--cluster: expected tcp://HOST:PORT or tls://HOST:PORT, but got '{address}'")
    from distributed import Client

    from search.workers.dask_logs import silence_dask

    silence_dask()
    if address.startswith("tls:") and not _has_certificates():
        raise InputError(
            f"--cluster: {address} needs certificates, and Dask's settings name none: set "
            "distributed.comm.tls.ca-file, .client.cert and .client.key, or their environment variables "
            "(docs/scaling.md)"
        )
    try:
        with warnings.catch_warnings():
            # It warns of other versions, in its own words; here they are refused.
            warnings.simplefilter("ignore")
            return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise InputError(
            f"--cluster: no Dask scheduler answers at {address} ({error}); start one by `dask scheduler`, "
            "and see that this machine reaches it (docs/scaling.md)"
        ) from None


def _has_certificates() -> bool:
    import dask
    from distributed.security import Security

    if dask.config.get("distributed.client.security-loader"):
        return True
    return Security().get_connection_args("client").get("ssl_context") is not None


def _introductions(client: Any, needs: Needs, workers: list[str]) -> dict[str, Introduction | Exception]:
    if not workers:
        return {}
    try:
        found: dict[str, Introduction | Exception] = client.sync(
            client._run,
            introduce,
            needs,
            workers=workers,
            on_error="return",
            callback_timeout=_ANSWER_SECONDS,
        )
    except TimeoutError as error:
        return dict.fromkeys(workers, RuntimeError(f"no answer within {_ANSWER_SECONDS:.0f} s: {error}"))
    return found


def _unfit(one: Introduction | Exception) -> list[str]:
    """Why a worker cannot serve."""
    if isinstance(one, ModuleNotFoundError):
        return [f"{one}: perceptuna {installed_versions()['perceptuna']} is to be installed there"]
    if isinstance(one, Exception):
        return [f"it cannot say what it is ({type(one).__name__}: {one}); is another perceptuna there?"]
    here = installed_versions()
    reasons = [
        f"host {one.host}: {name} {one.versions.get(name, 'none')} there, {version} here"
        for name, version in here.items()
        if one.versions.get(name) != version
    ]
    if not one.has_nanny:
        reasons.append(
            f"host {one.host}: without a nanny, a hung trial could not be ended; leave out --no-nanny"
        )
    if one.storage_fault:
        reasons.append(f"host {one.host}: {one.storage_fault}")
    return reasons


def _send(client: Any, folder: Path, workers: Iterable[str]) -> None:
    """Once through the scheduler, for all `workers`. Raises OSError or TimeoutError."""

    def on_workers(function: Callable[..., None], *args: Any) -> None:
        client.sync(
            client._run, function, folder.name, *args, workers=workers, callback_timeout=_ANSWER_SECONDS
        )

    for path in searched_files(folder):
        with path.open("rb") as stream:
            while (start := stream.tell()) == 0 or start < path.stat().st_size:
                on_workers(receive, path.name, stream.read(_PART_BYTES), start)
    on_workers(finish_receiving, {path.name: fingerprint_file(path) for path in searched_files(folder)})
