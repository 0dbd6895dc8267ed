"""Requests that Schemathesis makes up from the service's own OpenAPI: whatever is asked, nothing is a bug."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from service_fakes import Asker, Team

# What starts processes is asked of studies that are not there.
_SLOW = ("/report", "/model", "/predictions")


def operations(asker: Asker) -> list[Any]:
    """Each request of the API, as Schemathesis knows it."""
    schema = openapi.from_dict(asker.done("GET", "openapi.json"))
    return [found.ok() for found in schema.get_all_operations()]


def test_no_request_that_schemathesis_makes_up_is_a_bug(team: Team) -> None:
    """Half of them are as the schema says, half are not; studies are often the one that is there."""
    asked = dict.fromkeys(("2xx", "4xx"), 0)
    team.service.supervisor.look()  # health is the first that is asked
    found = operations(team.admin)
    assert len(found) >= 20
    for operation in found:
        kinds = [operation.as_strategy(mode) for mode in GenerationMode]
        there = st.booleans() if not operation.path.endswith(_SLOW) else st.just(False)

        @settings(
            max_examples=25,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(kinds), there=there)
        def ask(case: Any, there: bool) -> None:
            if there and "name" in (case.path_parameters or {}):
                case.path_parameters["name"] = "made"
            headers = {"Authorization": f"Bearer {team.admin.token}"}
            answer = case.call(f"http://127.0.0.1:{team.admin.port}", headers=headers, timeout=30)
            said = f"{case.method} {answer.request.url} {case.body!r:.300}: {answer.status_code}"
            assert answer.status_code < 500, said
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"], said
                assert answer.json()["status"] == answer.status_code, said
            asked[f"{answer.status_code // 100}xx"] += 1

        ask()
    # The made-up requests get through to what they ask for, and are refused there as well.
    assert asked["2xx"] > 30
    assert asked["4xx"] > 100
