"""Studies are read as they are now, whoever writes them, and what is kept of them is bounded."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial
from service_fakes import Team, made_service, made_study

from search.analysis.terminal.study import study_json
from search.service.reading_ahead import read_ahead
from search.service.readings import Readings
from search.service.service import Service
from search.service.shown import Shown
from search.study.study import Study, delete_study, load_study
from search.study.study_record import keep_study_facts
from search.study.trial_facts import attributes_of

_END = """
import sys, optuna
from storage import StorageURL, open_storage
study = optuna.load_study(study_name="shared", storage=open_storage(StorageURL.parse(sys.argv[1])))
study.tell(int(sys.argv[2]), 0.99)
"""


def test_a_trial_that_ends_in_another_process_is_in_the_next_answer(team: Team) -> None:
    study = made_study(team.service, "shared", [0.5, 0.75], trials=9)
    study.optuna.ask().suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    before = team.anna.done("GET", "studies/shared")["details"]
    assert before["states"] == {"complete": 2, "running": 1}
    assert team.anna.done("GET", "studies/shared/trials/2")["state"] == "running"
    assert team.anna.done("GET", "studies/shared/trials?state=complete")["total"] == 2
    subprocess.run([sys.executable, "-c", _END, team.service.url.full, "2"], check=True)
    after = team.anna.done("GET", "studies/shared")
    assert (after["finished"], after["best"]) == (3, 0.99)
    assert after["details"]["states"] == {"complete": 3}
    assert after["details"]["leaderboard"][0]["trial"] == 2
    one = team.anna.done("GET", "studies/shared/trials/2")
    assert (one["state"], one["value"]) == ("complete", 0.99)
    listed = team.anna.done("GET", "studies/shared/trials?state=complete&offset=2")
    assert (listed["total"], listed["trials"][0]["value"]) == (3, 0.99)


def test_a_study_that_took_the_place_of_a_deleted_one_is_read_anew(tmp_path: Path) -> None:
    """SQLite gives the number of the newest study again when that is deleted, by another process here."""
    service = made_service(tmp_path)
    first = made_study(service, "again", [0.5, 0.75])
    seen = service.readings.study("again")
    assert seen is not None
    assert len(seen.trials()) == 2
    delete_study(first)
    assert service.readings.study("again") is None
    second = made_study(service, "again", [0.25])
    assert second.optuna._study_id == first.optuna._study_id
    read = service.readings.study("again")
    assert read is not None
    assert [one.value for one in read.trials()] == [0.25]
    assert len(seen.trials()) == 2  # of its moment


def test_trials_of_those_studies_stay_that_were_asked_for_last(tmp_path: Path) -> None:
    service = made_service(tmp_path)
    for name in "abc":
        made_study(service, name, [0.5, 0.75])
    readings = Readings(service.url, service.storage, tmp_path / "kept", most=4)

    def read(name: str) -> optuna.storages.BaseStorage:
        study = readings.study(name)
        assert study is not None
        assert len(study.trials()) == 2
        return study.optuna._storage

    first, second = read("a"), read("b")
    assert (read("a"), read("b")) == (first, second)
    read("c")
    read("a")
    assert read("b") is not second


def lost(study: Study) -> None:
    """Beside its complete trials, those that ended otherwise."""
    for state, facts in (
        (TrialState.FAIL, {"requeued": "its worker died"}),
        (TrialState.FAIL, {"reason": "the loss is not finite"}),
        (TrialState.PRUNED, {"infeasible": "needs 9 GB"}),
    ):
        kept = attributes_of(facts)  # type: ignore[arg-type]
        study.optuna.add_trial(create_trial(state=state, user_attrs=kept))


def parts(shown: Shown | None) -> dict[str, Any]:
    assert shown is not None
    shown.find_all()
    told = {"details": shown.details, "facts": shown.facts}
    return {"overview": shown.overview, "reference": shown.reference, **told}


def as_json(found: object) -> Any:
    return json.loads(json.dumps(found))


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """With a study of each sort that rests."""
    service = made_service(tmp_path)
    made_study(service, "none", [], trials=5)
    made_study(service, "odd", [0.5, math.inf, 0.75])
    lost(made_study(service, "many", [0.9 - 0.4 / number for number in range(1, 23)], trials=30))
    return service


def test_what_is_kept_is_what_is_found_out_anew(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read ahead by another process, as it is here by another reader; and asked for by the same service once more."""
    before = {name: parts(service.shown(name)) for name in ("none", "odd")}
    assert read_ahead(service.url, tmp_path / "service" / "answers") == 3
    fresh = {name: study_json(load_study(name, service.url), 10) for name in ("none", "odd", "many")}
    other = Readings(service.url, service.storage, tmp_path / "elsewhere")
    facts = {name: parts(other.shown(name)) for name in fresh}
    monkeypatch.delattr(
        "optuna.storages._cached_storage._CachedStorage.get_all_trials"
    )  # nothing is read anew
    for name, expected in fresh.items():
        kept = parts(service.shown(name))
        assert as_json(kept["details"]) == as_json(expected)
        assert as_json(kept["facts"]) == as_json(facts[name]["facts"])
        assert (kept["overview"], kept["reference"]) == (facts[name]["overview"], facts[name]["reference"])
    assert all(as_json(before[name]["facts"]) == as_json(facts[name]["facts"]) for name in before)


def test_what_is_kept_is_found_out_anew_when_something_happened(service: Service) -> None:
    def told(name: str = "odd") -> dict[str, Any]:
        shown = service.shown(name)
        assert shown is not None
        return shown.details

    study = load_study("odd", service.url)
    assert told()["finished"] == 3
    keep_study_facts(study.optuna, {"stop_requested": True, "constant": 0.7})
    study.optuna.add_trial(study.optuna.get_trials()[2])
    assert told()["finished"] == 4
    running = study.optuna.ask()
    running.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    assert told()["states"]["running"] == 1
    study.optuna.tell(running, 0.8)
    assert [one["trial"] for one in told()["leaderboard"]] == [1, 4, 2, 3, 0]
    shown = service.shown("odd")
    assert shown is not None
    assert shown.facts["course"]["trials"] == 4
    assert told("none")["leaderboard"] == []


def test_files_of_studies_that_are_gone_are_removed_and_a_damaged_one_is_done_without(
    service: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "service" / "answers"
    read_ahead(service.url, folder)
    assert len(list(folder.iterdir())) == 3
    delete_study(load_study("many", service.url))
    odd = folder / f"{load_study('odd', service.url).optuna._study_id}.json"
    odd.write_text("[]")
    read_ahead(service.url, folder)
    assert len(list(folder.iterdir())) == 2
    assert json.loads(odd.read_text())["parts"]["details"]["finished"] == 3
