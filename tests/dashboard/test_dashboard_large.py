"""Pages of large studies show an excerpt, say so, and stay right while the study goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import optuna
import pytest
from optuna.trial import TrialState
from project_on_disk import STATES, Project
from requests_by_wsgi import Reply, call

from search.dashboard import dashboard_app, excerpt, large
from storage import open_storage

RUNNING = len(STATES)


@pytest.fixture
def app(own: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of a project whose 13 trials are many, and whose parts are small."""
    monkeypatch.setattr(large, "MANY_TRIALS", 10)
    monkeypatch.setattr(large, "CURVES", 4)
    for part, size in {"BEST": 2, "NEWEST": 2, "EVENLY": 3}.items():
        monkeypatch.setattr(excerpt, part, size)
    # As if what the dashboard has were always too old.
    monkeypatch.setattr("optuna_dashboard._app.get_trials", read_anew)
    made = dashboard_app(open_storage(own.url), own.url)
    made.project = own
    return made


def read_anew(cache: Any, storage: Any, study_id: int) -> Any:
    """As optuna-dashboard reads trials once those it has are too old."""
    cache._trials_cache[study_id] = storage.get_all_trials(study_id, deepcopy=False)
    return cache._trials_cache[study_id]


def study_of(project: Project) -> optuna.Study:
    """As another process has it."""
    return optuna.load_study(study_name="digits-mlp", storage=open_storage(project.url))


def asked(app: Any, query: str) -> Reply:
    return call(app, f"/api/studies/{app.project.study_id}", query=query)


@dataclass
class OpenPage:
    """What optuna-dashboard's page and page.js do with answers."""

    app: Any
    named: str = ""
    shown: str = ""
    trials: list[dict[str, Any]] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)

    def poll(self) -> OpenPage:
        open_ = (i for i, trial in enumerate(self.trials) if trial["state"] in ("Running", "Waiting"))
        after = next(open_, len(self.trials))
        reply = asked(self.app, f"after={after}&shown={quote(self.shown if after else self.named)}")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        self.shown = reply.headers.get("Perceptuna-Shown", "")
        self.detail = json.loads(reply.body)
        self.trials = self.trials[:after] + self.detail["trials"]
        return self

    @property
    def numbers(self) -> list[int]:
        return [trial["number"] for trial in self.trials]


def ranked(study: optuna.Study) -> list[int]:
    """Numbers of the complete trials, the best first."""
    complete = study.get_trials(states=[TrialState.COMPLETE])
    return [trial.number for trial in sorted(complete, key=lambda trial: -trial.values[0])]


def test_the_best_the_newest_every_record_and_what_runs_are_shown_of_the_others_a_few(app: Any) -> None:
    study, page = study_of(app.project), OpenPage(app).poll()
    best = ranked(study)
    records = [
        number
        for number in sorted(best)
        if all(best.index(number) <= best.index(earlier) for earlier in best if earlier < number)
    ]
    evenly = [0, round((RUNNING - 1) / 2), RUNNING - 1]
    newest = [RUNNING - 2, RUNNING - 1]
    assert page.numbers == sorted({*best[:2], *newest, *records, *evenly, RUNNING})
    assert len(page.numbers) < len(STATES)


def test_the_title_and_the_attributes_say_how_many_are_shown(app: Any) -> None:
    page = OpenPage(app).poll()
    part = f"{len(page.trials)} of {len(STATES) + 1} trials"
    assert page.detail["name"] == f"digits-mlp, {part}"
    assert page.detail["user_attrs"][0]["key"] == "shown"
    assert page.detail["user_attrs"][0]["value"].startswith(part)


def test_trials_that_the_address_names_are_shown_with_their_curves(app: Any) -> None:
    left_out = sorted(set(range(RUNNING)) - set(OpenPage(app).poll().numbers))[:2]
    page = OpenPage(app, named=f"{left_out[0]},{left_out[1]}, x").poll()
    assert {*left_out} < {*page.numbers}
    states = {trial["number"]: trial["state"] for trial in page.trials}
    curves = {trial["number"] for trial in page.trials if trial["intermediate_values"]}
    assert {number for number in left_out if states[number] != "Fail"} <= curves


def test_every_trial_is_shown_where_the_address_says_all(app: Any) -> None:
    page = OpenPage(app, named="all").poll()
    assert page.numbers == list(range(len(STATES) + 1))
    study_of(app.project).ask()
    assert page.poll().numbers == list(range(len(STATES) + 2))


def test_only_the_best_the_newest_and_the_running_trials_keep_their_curves(app: Any) -> None:
    page = OpenPage(app, named="all").poll()
    with_curves = {trial["number"] for trial in page.trials if trial["intermediate_values"]}
    assert with_curves == {*ranked(study_of(app.project))[:2], RUNNING - 1}


def test_an_open_page_gets_every_later_trial_once_and_loses_none(app: Any) -> None:
    """Trials end out of order, a better one after a worse one, and the page asks at any moment."""
    study, page = study_of(app.project), OpenPage(app).poll()
    at_first = page.numbers
    study.tell(RUNNING, 0.3)  # the page's only one that runs
    page.poll()
    late, soon = study.ask(), study.ask()
    study.tell(soon, 0.99)
    page.poll()
    study.ask()
    study.tell(late, 0.98)
    page.poll()
    for value in (0.1, 0.97):
        study.tell(study.ask(), value)
        page.poll()
    now = {trial.number: trial.state.name.capitalize() for trial in study.get_trials()}
    assert page.numbers == at_first + list(range(RUNNING + 1, len(now)))
    assert {trial["number"]: trial["state"] for trial in page.trials} == {n: now[n] for n in page.numbers}
    assert f"{len(page.trials)} of {len(now)} trials" in page.detail["name"]


def test_a_page_that_was_opened_when_the_study_was_small_goes_on_with_all_of_it(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "MANY_TRIALS", 13)
    page = OpenPage(app).poll()
    study = study_of(app.project)
    study.tell(RUNNING, 0.5)
    page.poll()
    study.tell(study.ask(), 0.5)
    assert page.poll().numbers == list(range(len(STATES) + 2))
    assert page.detail["name"] == "digits-mlp"


def test_the_best_trial_which_the_page_links_to_is_shown_though_others_are_as_good(app: Any) -> None:
    study = study_of(app.project)
    for _ in range(5):
        study.tell(study.ask(), 5.0)
    page = OpenPage(app).poll()
    assert {trial["number"] for trial in page.detail["best_trials"]} <= {*page.numbers}


def test_parameters_of_later_trials_are_found_though_earlier_ones_are_not_looked_at_again(app: Any) -> None:
    study = study_of(app.project)
    study.tell(RUNNING, 0.5)  # nothing runs any more
    page = OpenPage(app).poll()
    assert "late" not in str(page.detail["union_search_space"])
    for name in ("late", "later"):
        trial = study.ask()
        trial.suggest_float(name, 0, 1)
        study.tell(trial, 0.1)
    names = [entry["name"] for entry in page.poll().detail["union_search_space"]]
    assert {"late", "later", "learning_rate"} <= set(names)


def test_what_no_page_has_been_told_is_refused(app: Any) -> None:
    reply = asked(app, "after=3&shown=something")
    assert (reply.status, "Perceptuna-Shown" in json.loads(reply.body)["reason"]) == (400, True)
    assert asked(app, "after=-1").status == 400


def test_a_study_that_is_gone_is_not_found(app: Any) -> None:
    OpenPage(app).poll()
    optuna.delete_study(study_name="digits-mlp", storage=open_storage(app.project.url))
    assert asked(app, "after=0").status == 404
