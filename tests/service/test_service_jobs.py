"""finalize and ablate as jobs of the queue: over real HTTP, with drivers that only pretend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from service_fakes import Team, finalized, made_study

from search.service.queue import Queue, QueuedStudy
from search.service.states import State
from storage import StorageURL, open_storage, study_lock


@pytest.fixture
def found(team: Team, request: pytest.FixtureRequest) -> Iterator[str]:
    """A finished study of anna's, under a name of its own."""
    name = request.node.name.replace("test_", "")[:40]
    made_study(team.service, name, [0.9, 0.95])
    assert team.service.queue.add(QueuedStudy(name, "anna", '{"data": "digits"}', 2, state=State.FINISHED))
    yield name
    team.drivers.running.clear()
    for one in team.service.queue.all():
        team.service.queue.move(one.study, list(State), State.CANCELLED)


def test_a_study_is_finalized_when_it_is_its_turn(team: Team, found: str) -> None:
    row = team.anna.done("POST", f"studies/{found}/finalize", {"top": 1, "seeds": 2, "ensemble": 1})
    assert (row["study"], row["state"], row["budget"]) == (f"{found}.finalize", "queued", 3)
    assert (row["job"], row["about"], row["owner"]) == ("finalize", found, "anna")
    team.service.supervisor.look()
    folder = team.drivers.folder(row["study"])
    assert team.drivers.running[row["study"]] == [
        *("finalize", found, "-o", str(folder / "model.keras"), "--force"),
        *("--top", "1", "--seeds", "2", "--ensemble", "1", "--workers", "2", "--json"),
    ]
    for _ in range(2):
        team.drivers.end(row["study"], -9, trials=1)
        team.service.supervisor.look()
    assert row["study"] in team.drivers.running  # it goes on, whatever was killed
    team.drivers.end(row["study"], None, "finalized")
    team.service.supervisor.look()
    assert team.anna.done("GET", f"studies/{row['study']}")["state"] == "finished"
    again = team.anna("POST", f"studies/{found}/finalize", {"top": 1, "seeds": 2, "ensemble": 1})
    assert (again.status, again.json["state"]) == (200, "finished")
    refused = team.anna.refused(422, "POST", f"studies/{row['study']}/resume")
    assert "nothing is left to do" in refused
    finalized(team.service.study(found))
    more = {"top": 1, "seeds": 2, "ensemble": 1, "all_rows": True}  # no other look
    assert team.anna.done("POST", f"studies/{found}/finalize", more)["budget"] == 4
    team.service.supervisor.look()
    assert "--all-rows" in team.drivers.running[row["study"]]
    deed = team.admin.done("GET", "audit")["deeds"][0]
    assert (deed["action"], deed["what"]) == (
        "finalize",
        f"{found}: top 1, seeds 2, ensemble 1, all_rows True",
    )


def test_a_temperature_is_looked_for_where_that_is_asked_for(team: Team, found: str) -> None:
    for calibrate, word in ((True, "--calibrate"), (False, "--no-calibrate")):
        asked = {"top": 1, "seeds": 2, "calibrate": calibrate}
        job = team.anna.done("POST", f"studies/{found}/finalize", asked)["study"]
        team.service.supervisor.look()
        assert word in team.drivers.running[job]
        team.drivers.end(job, None, "finalized")
        team.service.supervisor.look()


def test_an_ablation_is_known_by_its_trial(team: Team, found: str) -> None:
    first = team.anna.done("POST", f"studies/{found}/ablate", {"trial": 0})
    best = team.anna.done("POST", f"studies/{found}/ablate", {"seeds": 2, "workers": 1})
    assert [first["study"], best["study"]] == [f"{found}.ablate-0", f"{found}.ablate-1"]
    assert best["budget"] % 2 == 0
    refused = team.anna.refused(409, "POST", f"studies/{found}/ablate", {"seeds": 4})
    assert f"'{found}.ablate-1' is queued already" in refused
    assert "has trials 0 to 1" in team.anna.refused(422, "POST", f"studies/{found}/ablate", {"trial": 7})
    team.anna.done("POST", f"studies/{best['study']}/cancel")
    assert team.anna.done("POST", f"studies/{found}/ablate", {"seeds": 2})["state"] == "queued"
    team.anna.done("POST", f"studies/{best['study']}/cancel")
    assert team.anna.done("POST", f"studies/{found}/ablate", {"seeds": 4})["state"] == "queued"
    assert team.anna.refused(422, "PATCH", f"studies/{best['study']}", {"trials": 3}).startswith("--trials: ")
    assert team.anna.done("PATCH", f"studies/{best['study']}", {"priority": -1})["priority"] == -1


def test_the_test_split_is_not_looked_at_again_unasked(team: Team, found: str) -> None:
    finalized(team.service.study(found))
    refused = team.anna.refused(409, "POST", f"studies/{found}/finalize", {"top": 1})
    assert "each further look at its test split is worth less" in refused
    told = team.viewer.done("GET", f"studies/{found}/conclusion")
    assert (told["finalized"]["winner"], told["ablated"], told["jobs"]) == (1, [], [])
    page = team.anna("GET", f"/studies/{found}").text
    assert "Confirmed and tested" in page
    assert 'name="again"' in page
    assert "no service finalized it" in team.anna.refused(409, "GET", f"studies/{found}/conclusion/model")
    row = team.anna.done("POST", f"studies/{found}/finalize", {"top": 1, "again": True})
    assert row["state"] == "queued"
    assert "is queued" in team.anna.refused(409, "GET", f"studies/{found}/conclusion/model")
    assert "of 6 trainings" in team.anna("GET", f"/studies/{found}").text  # five seeds, and one to test


def test_who_may_ask_for_a_conclusion(team: Team, found: str) -> None:
    assert team.ben.refused(403, "POST", f"studies/{found}/finalize", {}) == (
        f"study '{found}' belongs to 'anna'"
    )
    assert "may look" in team.viewer.refused(403, "POST", f"studies/{found}/ablate", {})
    assert "an admin has to" in team.anna.refused(403, "POST", "studies/made/finalize", {})
    assert "an admin gives more" in team.anna.refused(403, "POST", f"studies/{found}/ablate", {"priority": 1})
    assert "data-conclude" not in team.ben("GET", f"/studies/{found}").text
    assert 'data-conclude="ablate"' in team.anna("GET", f"/studies/{found}").text
    row = team.admin.done("POST", f"studies/{found}/ablate", {})
    assert row["owner"] == "anna"  # whose study it is
    assert team.admin.done("POST", "studies/made/ablate", {})["owner"] == "root"
    page = team.anna("GET", f"/studies/{row['study']}").text
    assert f'for <a href="/studies/{found}">' in page
    assert "data-conclude" not in page


def test_a_conclusion_is_drawn_from_a_study_that_rests(team: Team, found: str) -> None:
    team.service.queue.move(found, [State.FINISHED], State.RUNNING)
    assert "is running; wait for its end" in team.anna.refused(409, "POST", f"studies/{found}/finalize", {})
    team.service.queue.move(found, [State.RUNNING], State.STOPPED)
    with study_lock(team.service.url, found):
        assert "driven from a shell" in team.anna.refused(409, "POST", f"studies/{found}/ablate", {})
    team.anna.done("PATCH", f"studies/{found}", {"trials": 9})
    job = team.anna.done("POST", f"studies/{found}/finalize", {"top": 1, "workers": 1})["study"]
    with study_lock(team.service.url, found):
        team.service.supervisor.look()
        assert job not in team.drivers.running
        assert "which is driven" in team.anna.done("GET", f"studies/{job}")["reason"]
    assert "has to stay as it is" in team.anna.refused(409, "POST", f"studies/{found}/resume")
    assert f"'{job}' is queued; cancel that first" in team.anna.refused(409, "DELETE", f"studies/{found}")
    team.anna.done("POST", f"studies/{job}/cancel")
    assert team.anna("DELETE", f"studies/{found}").status == 204
    assert team.service.queue.find(job) is None


def test_a_study_without_an_end_has_no_conclusion(team: Team) -> None:
    made_study(team.service, "empty", [], trials=3)
    assert "has no complete trial yet" in team.admin.refused(422, "POST", "studies/empty/finalize", {})
    assert "leave one out" in team.admin.refused(
        422, "POST", "studies/made/finalize", {"folds": 2, "ensemble": 2}
    )
    made_study(team.service, "l" * 95, [0.5])
    assert "shorter name" in team.admin.refused(422, "POST", f"studies/{'l' * 95}/finalize", {})
    for wrong in ({"top": 0}, {"seeds": 1}, {"trial": 1}, {"folds": 1}, {"workers": 10**30}):
        team.admin.refused(422, "POST", "studies/made/finalize", wrong)


def test_a_queue_of_an_earlier_version_takes_jobs(tmp_path: Path) -> None:
    storage = open_storage(StorageURL.of_file(tmp_path / "old.db"), create=True)
    Queue(storage).add(QueuedStudy("before", "anna", "{}", 3))
    with storage._backend.engine.begin() as connection:
        connection.exec_driver_sql("alter table perceptuna_queue drop column job")
    found = Queue(storage).find("before")
    assert found is not None
    assert found.job is None
