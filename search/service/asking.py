"""What every route needs: the service, who asks, and whether they may."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from search.service.problems import Refused
from search.service.service import Service
from search.service.users import User


def service_of(request: Request) -> Service:
    """The service whose application answers."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


def user_of(request: Request) -> User:
    """Who asks: the guard has let nobody else past."""
    found = request.state.user
    assert isinstance(found, User)
    return found


def changer(request: Request) -> User:
    """Raises Refused where who asks may only look."""
    user = user_of(request)
    if not user.may("user"):
        raise Refused(403, f"'{user.name}' may look and change nothing")
    return user


def administrator(request: Request) -> User:
    """Raises Refused where who asks is none."""
    user = user_of(request)
    if not user.may("admin"):
        raise Refused(403, f"'{user.name}' is no admin")
    return user


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def refuse_priority(user: User, wanted: int, now: int = 0) -> None:
    """An admin decides who goes before others; everybody may go behind. Raises Refused."""
    if wanted > max(0, now) and not user.may("admin"):
        raise Refused(
            403, f"priority: an admin gives more than {max(0, now)}, but '{user.name}' asked for {wanted}"
        )


TheService = Annotated[Service, Depends(service_of)]
AnyUser = Annotated[User, Depends(user_of)]
Changer = Annotated[User, Depends(changer)]
Admin = Annotated[User, Depends(administrator)]
Address = Annotated[str, Depends(address_of)]
