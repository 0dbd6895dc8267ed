"""How slots are shared: by priority first, then between owners, then between the studies of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One study that runs or could run.

    Attributes:
        most: slots that it can use, at least 1.
        has: slots that it has now; 0 where it waits.
        since: when it was handed in.
    """

    study: str
    owner: str
    priority: int
    most: int
    has: int
    since: float


def shares(claims: Sequence[Claim], slots: int) -> dict[str, int]:
    """Slots of each study, of `slots` in all.

    First each study gets one, in the order of priority; of equal priority each owner's first, then each owner's
    second, and so on; of these what runs already, then what was handed in first. What is left goes, one by one and by
    priority again, to the owner who has the fewest.
    """
    order = _in_order(claims)
    given = {claim.study: int(place < slots) for place, claim in enumerate(order)}
    of_owner = Counter[str]()
    for claim in order:
        of_owner[claim.owner] += given[claim.study]
    for _ in range(slots - sum(given.values())):
        open_to = [claim for claim in order if given[claim.study] < claim.most]
        if not open_to:
            break
        # min takes the first of equals: they are in order.
        chosen = min(open_to, key=lambda one: (-one.priority, of_owner[one.owner], given[one.study]))
        given[chosen.study] += 1
        of_owner[chosen.owner] += 1
    return given


def _in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Those that get a slot first come first."""
    seen = Counter[tuple[int, str]]()
    keyed = []
    for claim in sorted(claims, key=lambda one: (-one.priority, one.has == 0, one.since, one.study)):
        owners = seen[claim.priority, claim.owner]
        seen[claim.priority, claim.owner] += 1
        keyed.append(((-claim.priority, owners, claim.has == 0, claim.since, claim.study), claim))
    return [claim for _, claim in sorted(keyed, key=lambda pair: pair[0])]
