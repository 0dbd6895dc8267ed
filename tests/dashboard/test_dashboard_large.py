"""Answers of large studies are kept until something changes, and hold few learning curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from project_on_disk import STATES, Project, make_project
from requests_by_wsgi import call

from search.dashboard import dashboard_app, large
from storage import open_storage
from storage.notes import write_note


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of a project whose 13 trials are many, and four curves a lot."""
    monkeypatch.setattr(large, "MANY_TRIALS", 10)
    monkeypatch.setattr(large, "CURVES", 4)
    project = make_project(tmp_path)
    made = dashboard_app(open_storage(project.url), project.url)
    made.project = project
    return made


def read_anew(cache: Any, storage: Any, study_id: int) -> Any:
    """As optuna-dashboard reads trials once those it has are too old."""
    cache._trials_cache[study_id] = storage.get_all_trials(study_id, deepcopy=False)
    return cache._trials_cache[study_id]


def study_of(project: Project) -> optuna.Study:
    """As another process has it."""
    return optuna.load_study(study_name="digits-mlp", storage=open_storage(project.url))


def page(app: Any, query: str = "after=0") -> dict[str, Any]:
    reply = call(app, f"/api/studies/{app.project.study_id}", query=query)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    return json.loads(reply.body)


def test_only_the_best_the_newest_and_the_running_trials_keep_their_curves(app: Any) -> None:
    trials = page(app)["trials"]
    assert len(trials) == len(STATES) + 1
    with_curves = {trial["number"] for trial in trials if trial["intermediate_values"]}
    best = sorted((t for t in trials if t["state"] == "Complete"), key=lambda t: -t["values"][0])[:2]
    assert with_curves == {trial["number"] for trial in best} | {len(STATES) - 1}


def test_an_answer_is_kept_until_something_changes(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(large, "thinned_curves", lambda detail, trials: made.append(detail) or detail)
    study = study_of(app.project)

    def made_anew() -> bool:
        before = len(made)
        page(app)
        return len(made) > before

    assert made_anew()
    assert not made_anew()
    write_note(study, "other words")
    assert made_anew()
    assert page(app)["note"]["body"] == "other words"
    running = study.ask()
    assert made_anew()
    running.report(0.5, 1)
    assert made_anew()
    study.tell(running, 0.5)
    assert made_anew()
    assert page(app)["trials"][-1]["values"] == [0.5]
    assert not made_anew()


def test_parameters_of_later_trials_are_found_though_earlier_ones_are_not_looked_at_again(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optuna_dashboard._app.get_trials", read_anew)
    study = study_of(app.project)
    study.tell(len(STATES), 0.5)  # nothing runs any more
    page(app)
    assert "late" not in str(page(app)["union_search_space"])
    page(app, "after=1")
    for name in ("late", "later"):
        trial = study.ask()
        trial.suggest_float(name, 0, 1)
        study.tell(trial, 0.1)
    names = [entry["name"] for entry in page(app, f"after={len(STATES) + 1}")["union_search_space"]]
    assert {"late", "later", "learning_rate"} <= set(names)


def test_a_study_that_is_gone_is_not_found(app: Any) -> None:
    page(app)
    optuna.delete_study(study_name="digits-mlp", storage=open_storage(app.project.url))
    assert call(app, f"/api/studies/{app.project.study_id}").status == 404
