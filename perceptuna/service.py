"""A team's service, from Python: hand a study in, and find those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from perceptuna.errors import one_tree
from perceptuna.service_study import ServiceStudy
from perceptuna.settings import Settings, plain
from search.given.asked import Rows

if TYPE_CHECKING:
    from perceptuna.comparison import Comparison
    from search.client.service_client import ServiceClient

__all__ = ["Service", "connect"]


def connect(url: str, token: str | None = None) -> Service:
    """The service of `perceptuna serve` at `url`, which is asked when something is asked of it.

    Args:
        url: `http://HOST:PORT`, or the link that the service printed.
        token: yours; $PERCEPTUNA_TOKEN when neither is given here nor in the link.

    >>> pt.connect("http://127.0.0.1:8090/?token=secret")
    Service('http://127.0.0.1:8090')

    Raises:
        InputError: that is no address of a service.
    """
    from search.client.service_client import ServiceClient

    with one_tree():
        return Service(ServiceClient(url, token))


class Service:
    """A team's service; `connect` gives it.

    Everything here raises InputError where the service refuses, and ServiceFault where it cannot be reached or fails.

    >>> service
    Service('http://127.0.0.1:...')
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def search(
        self,
        data: Rows = None,
        y: Any = None,
        *,
        name: str | None = None,
        priority: int = 0,
        note: str = "",
        notify_url: str | None = None,
        **settings: Unpack[Settings],
    ) -> ServiceStudy:
        """Hand a study in, and return it at once: the service runs it when it is its turn.

        Args:
            data, y, settings: as of `perceptuna.search`. DataFrames, arrays, a `Space` and files that are here are
                sent; any other name is one of the service's folder of data.
            name: of the study; made up where not given.
            priority: 0, or less for others to go first.
            note: shown beside it.
            notify_url: where the service posts a JSON object when the study has ended.

        >>> service.search(frame, target="kind", trials=20, note="for the talk")
        ServiceStudy('kind-...', queued, 0/20 trials)
        """
        from search.client.handing_in import hand_in
        from search.given.asked import named, staged_settings
        from search.machine.temporary import temporary_folder

        with (
            one_tree(),
            temporary_folder() as folder,
            staged_settings(data, y, plain(settings), folder) as (told, files),
            named(list(files.values())),
        ):
            here = {setting: str(one.file) for setting, one in files.items()}
            chosen = name or self._made_up_name(data, settings.get("target"))
            hand_in(self._client, chosen, told | here, priority=priority, note=note, notify_url=notify_url)
            return ServiceStudy(self._client, chosen)

    def studies(self) -> list[ServiceStudy]:
        """All of them, the newest first.

        >>> "flowers" in [study.name for study in service.studies()]
        True
        """
        with one_tree():
            return [ServiceStudy(self._client, row["study"]) for row in self._client.studies()]

    def load_study(self, name: str) -> ServiceStudy:
        """One of them, whoever has begun it.

        >>> service.load_study("flowers")
        ServiceStudy('flowers', finished, 2/2 trials)
        """
        with one_tree():
            self._client.study(name)
        return ServiceStudy(self._client, name)

    def compare(self, *names: str) -> Comparison:
        """Two or more of its studies side by side.

        >>> service.compare("flowers", "flowers")
        Traceback (most recent call last):
            ...
        search.errors.InputError: STUDY: study 'flowers' is named twice; name another

        Raises:
            InputError: there is none of that name, or fewer than two.
        """
        from perceptuna.comparison import Comparison
        from search.analysis.facts.comparison import Comparison as Facts

        with one_tree():
            return Comparison(Facts.from_json(self._client.compare(names)))

    def _made_up_name(self, data: Rows, target: object) -> str:
        from search.running.asked import name_after

        return name_after(data, target, {row["study"] for row in self._client.studies()})

    def __repr__(self) -> str:
        return f"Service({self._client.address.shown!r})"

    def __dir__(self) -> list[str]:
        return ["compare", "load_study", "search", "studies"]
