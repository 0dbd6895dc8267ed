"""What a command writes for the user: what it replaces and what not, and what it says where a model is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, connections_closed

from search.analysis.report.page import _is_report_of
from search.machine.writing import refuse_to_replace, written_whole
from search.models import export
from search.models.export import export_model
from search.models.facts_file import facts_beside
from search.study.study import Study, load_study
from storage import StorageURL, artifact_folder, open_artifacts
from storage.artifacts import model_file_name, write_artifact

KEPT = b"the model that was kept"
OWN = "the user's own"


def study_of(name: str) -> Study:
    return load_study(name, StorageURL.parse("perceptuna.db"))


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def kept(studies: Path) -> Path:
    """The file of the best model of study `done`."""
    url = StorageURL.of_file(studies)
    with connections_closed():
        _keep_model(url)
    return next(artifact_folder(url).iterdir())


def _keep_model(url: StorageURL) -> None:
    study = load_study("done", url)
    best = study.best_trial()
    assert best is not None
    store = open_artifacts(artifact_folder(url))
    for key, entry in write_artifact(store, model_file_name(best.number), KEPT).items():
        study.optuna._storage.set_study_system_attr(study.optuna._study_id, key, entry)


def test_an_export_takes_nothing_that_is_the_users(perceptuna: CommandLine, kept: Path) -> None:
    facts = perceptuna.folder / "best.json"
    facts.write_text(OWN)
    assert "best.json is there already; name another file" in perceptuna.refused(
        "export", "done", "-o", "best.keras"
    )
    perceptuna.done("export", "done", "-o", "best.keras", "--force")
    assert (perceptuna.folder / "best.keras").read_bytes() == KEPT
    assert json.loads(facts.read_text())["study"] == "done"


def test_an_export_is_renewed_and_a_model_of_another_origin_is_not(
    perceptuna: CommandLine, kept: Path
) -> None:
    command = "export", "done", "-o", "best.keras"
    perceptuna.done(*command)
    (perceptuna.folder / "best.keras").write_text("an older one")
    perceptuna.done(*command)
    assert (perceptuna.folder / "best.keras").read_bytes() == KEPT
    facts = json.loads((perceptuna.folder / "best.json").read_text())
    for other in ({**facts, "study": "half"}, {**facts, "conclusion": {}}, [1], {"study": "done"}):
        (perceptuna.folder / "best.json").write_text(json.dumps(other))
        assert "best.keras is there already" in perceptuna.refused(*command)
    (perceptuna.folder / "best.json").unlink()
    assert "best.keras is there already" in perceptuna.refused(*command)


def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("名" * 80 + ".html")
    with written_whole(path) as file:
        file.write_text("all of it")
    assert [(one, one.read_text()) for one in tmp_path.iterdir()] == [(path, "all of it")]


def test_a_name_that_no_file_can_have_is_refused(perceptuna: CommandLine, kept: Path) -> None:
    for command, ending in (("export", ".keras"), ("report", ".html")):
        assert "cannot be written" in perceptuna.refused(command, "done", "-o", "n" * 300 + ending)


def test_a_report_is_renewed_and_a_page_of_the_users_or_of_another_study_is_not(
    perceptuna: CommandLine, studies: Path
) -> None:
    command, page = ("report", "done", "-o", "page.html"), perceptuna.folder / "page.html"
    page.write_text(OWN)
    assert "page.html is there already" in perceptuna.refused(*command)
    perceptuna.done(*command, "--force")
    with connections_closed():
        refuse_to_replace([page], force=False, ours=lambda: _is_report_of(study_of("done"), page))
    assert "page.html is there already" in perceptuna.refused("report", "half", *command[2:])


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("step", range(3))
def test_a_kill_leaves_no_model_beside_facts_of_another(
    perceptuna: CommandLine, kept: Path, before: bool, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill at any change of a name; the same command goes on from what it left."""
    study, output = load_study("done", StorageURL.parse("perceptuna.db")), Path("best.keras")
    if before:
        output.write_text("an older model")
        facts_beside(output).write_text(json.dumps({"perceptuna": "1", "study": "done", "old": True}))
    steps = {"count": 0}

    def counted(method: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if steps["count"] == step:
                raise Killed
            steps["count"] += 1
            return method(*given, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        with pytest.raises(Killed):
            export_model(study, output)
    if output.exists():
        old = output.read_text() == "an older model"
        assert old == ("old" in json.loads(facts_beside(output).read_text()))
    export_model(study, output)
    assert output.read_bytes() == KEPT
    assert "old" not in json.loads(facts_beside(output).read_text())


def test_a_folder_of_models_that_is_gone_is_named_with_what_to_do(
    perceptuna: CommandLine, kept: Path
) -> None:
    shutil.move(kept.parent, perceptuna.folder / "elsewhere")
    told = perceptuna.refused("export", "done", "-o", "best.keras")
    assert f"are in {kept.parent}, which is not there; bring it back beside the database" in told


def test_a_model_whose_file_is_gone_is_trained_again_and_that_is_said(
    perceptuna: CommandLine, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trained:
        def save(self, path: Path) -> None:
            path.write_text("trained again")

    monkeypatch.setattr(export, "_trained_again", lambda study, trial: (Trained(), None))
    kept.unlink()
    out = perceptuna.done("export", "done", "-o", "best.keras").out
    assert f"the model that was kept of trial 1, {kept}, is gone: it is trained again" in out
    assert (perceptuna.folder / "best.keras").read_text() == "trained again"


def test_a_database_that_was_moved_with_its_artifacts_goes_on_to_work(
    perceptuna: CommandLine, kept: Path, studies: Path
) -> None:
    moved = perceptuna.folder / "moved"
    moved.mkdir()
    for path in (studies, kept.parent):
        shutil.move(path, moved / path.name)
    perceptuna.done("export", "done", "-o", "best.keras", "--storage", moved / studies.name)
    assert (perceptuna.folder / "best.keras").read_bytes() == KEPT
