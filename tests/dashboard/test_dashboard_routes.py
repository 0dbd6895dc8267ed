"""What perceptuna adds to the dashboard's routes: plots, no change to a study that is driven, lost files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from project_on_disk import STATES, Project
from requests_by_wsgi import call

from search.dashboard import dashboard_app
from search.study.look import split_of
from search.study.origin import Origin
from search.study.study_record import record_of
from storage import artifact_folder, open_storage, study_lock
from storage.looks import looks_at


def app_of(project: Project) -> Any:
    return dashboard_app(open_storage(project.url), project.url)


def plots(app: Any, study_id: int) -> dict[str, dict[str, Any]]:
    detail = json.loads(call(app, f"/api/studies/{study_id}").body)
    return {plot["id"]: json.loads(plot["graph_object"]) for plot in detail["plotly_graph_objects"]}


def test_a_studys_page_gets_three_plots_that_follow_its_trials(own: Project) -> None:
    app = app_of(own)
    drawn = plots(app, own.study_id)
    assert list(drawn) == ["over-fitting", "size", "time"]
    study = optuna.load_study(study_name="digits-mlp", storage=open_storage(own.url))
    trial = study.ask()
    trial.set_user_attr("parameters", 7)
    study.tell(trial, 0.1)
    (complete, *_) = plots(app, own.study_id)["size"]["data"]
    assert len(complete["x"]) == len(drawn["size"]["data"][0]["x"]) + 1
    assert complete["customdata"][-1] == len(STATES) + 1


def test_plots_are_made_and_not_stored(own: Project) -> None:
    plots(app_of(own), own.study_id)
    stored = open_storage(own.url).get_study_system_attrs(own.study_id)
    assert not any("plot" in key for key in stored)


def test_a_deleted_study_leaves_the_looks_that_an_earlier_version_wrote_into_it(own: Project) -> None:
    storage = open_storage(own.url)
    look = {
        "date": "2026-11-21T10:00:00+01:00",
        "by": "ann",
        "trial": 3,
        "companion": "x",
        "trained": 5,
        "rows": 9,
    }
    storage.set_study_user_attr(own.study_id, "test_split_opened_1", json.dumps({**look, "number": 1}))
    split = split_of(record_of(storage, own.study_id))
    assert looks_at(storage, split) == []
    assert call(app_of(own), f"/api/studies/{own.study_id}", "DELETE").status == 204
    (kept,) = looks_at(storage, split)
    assert json.loads(kept.opened)["study"] == "digits-mlp"


def test_studies_of_other_programs_get_none(own: Project) -> None:
    storage = open_storage(own.url)
    bare = optuna.create_study(study_name="of/others", storage=storage)
    two = optuna.create_study(study_name="two", storage=storage, directions=["minimize", "maximize"])
    two.set_user_attr("metric", "val_accuracy")
    app = app_of(own)
    assert plots(app, bare._study_id) == plots(app, two._study_id) == {}
    assert call(app, "/api/studies/999").status == 404
    assert call(app, f"/api/studies/{bare._study_id}", "DELETE").status == 204


Request = Callable[[Project], tuple[str, str, dict[str, Any]]]
CHANGES: dict[str, Request] = {
    "delete": lambda project: (f"/api/studies/{project.study_id}", "DELETE", {}),
    "delete with a slash": lambda project: (f"/api/studies/{project.study_id}/", "DELETE", {}),
    "rename": lambda project: (f"/api/studies/{project.study_id}/rename", "POST", {"study_name": "other"}),
    "tell": lambda project: (f"/api/trials/{project.running_id}/tell", "POST", {"state": "Fail"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_study_that_is_driven_is_neither_deleted_nor_renamed_nor_told(
    own: Project, change: Request
) -> None:
    app = app_of(own)
    path, method, body = change(own)
    with study_lock(own.url, "digits-mlp"):
        reply = call(app, path, method, body=body)
    assert reply.status == 409
    assert "study 'digits-mlp' is being driven by" in json.loads(reply.body)["reason"]
    assert "perceptuna stop digits-mlp" in json.loads(reply.body)["reason"]
    (kept,) = open_storage(own.url).get_all_studies()
    assert kept.study_name == "digits-mlp"
    assert call(app, path, method, body=body).status in (201, 204)


def test_a_lost_file_is_not_found_and_keeps_no_study_from_being_deleted(own: Project) -> None:
    folder = artifact_folder(own.url)
    (folder / own.curve_id).unlink()
    app = app_of(own)
    reply = call(app, f"/artifacts/{own.study_id}/{own.trial_id}/{own.curve_id}")
    assert (reply.status, reply.body) == (404, b"the file of this artifact is gone\n")
    assert call(app, f"/api/studies/{own.study_id}", "DELETE").status == 204
    assert open_storage(own.url).get_all_studies() == []
    assert list(folder.iterdir()) == []


def test_the_best_is_none_of_an_earlier_study_on_other_data(own: Project) -> None:
    study = optuna.load_study(study_name="digits-mlp", storage=open_storage(own.url))
    best, before = study.best_trial, plots(app_of(own), own.study_id)["size"]
    origin = Origin(study="old", trial=7, epochs=9, patience=9, different=("data",))
    better = optuna.trial.create_trial(
        value=0.9999, user_attrs={**best.user_attrs, "adopted": origin.model_dump_json(), "parameters": 1}
    )
    study.add_trial(better)
    app = app_of(own)
    detail = json.loads(call(app, f"/api/studies/{own.study_id}").body)
    assert [trial["number"] for trial in detail["best_trials"]] == [best.number]
    assert plots(app, own.study_id)["size"] == before


def test_a_name_that_perceptuna_would_not_give_is_guarded_as_any_other(own: Project) -> None:
    """Another program gave it, or a study that is a companion has a longer one."""
    odd = "mine: " + "x" * 100
    study = optuna.create_study(study_name=odd, storage=open_storage(own.url))
    app = app_of(own)
    with study_lock(own.url, odd):
        for path, method, body in (
            (f"/api/studies/{study._study_id}", "DELETE", {}),
            (f"/api/studies/{study._study_id}/rename", "POST", {"study_name": "other"}),
        ):
            assert call(app, path, method, body=body).status == 409
    assert (
        call(app, f"/api/studies/{study._study_id}/rename", "POST", body={"study_name": "other"}).status
        == 201
    )


def test_renaming_keeps_the_study_itself_and_refuses_what_is_no_name(own: Project) -> None:
    app, path = app_of(own), f"/api/studies/{own.study_id}/rename"
    for body in (*({"study_name": name} for name in ("my study", "../up", "", None)), ["better"], "better"):
        reply = call(app, path, "POST", body=body)
        assert reply.status == 400
        assert "study name: expected" in json.loads(reply.body)["reason"]
    reply = call(app, path, "POST", body={"study_name": "better"})
    assert reply.status == 201
    assert (json.loads(reply.body)["study_id"], json.loads(reply.body)["study_name"]) == (
        own.study_id,
        "better",
    )
    assert call(app, "/api/studies/999/rename", "POST", body={"study_name": "x"}).status == 404
    (kept,) = open_storage(own.url).get_all_studies()
    assert (kept.study_name, kept._study_id) == ("better", own.study_id)
