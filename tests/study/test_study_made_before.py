"""Studies of an earlier program open, show the same, go on, are taken over and stay concluded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from study_made_before import DATABASE, FINALIZE, SAID, STUDIES, answer, frame, questions, unpack
from workers_here import trained_here

from search import load_study
from search.analysis.report.reproduce import reproduction_of
from search.analysis.terminal.confirmation import conclusion_view
from search.conclusion.companion import Order, settings_about
from search.conclusion.confirmation.record import read_conclusion
from search.study.study import load_study as find_study
from search.text.printable import open_console
from search.versions.adoption import inherited
from storage import StorageURL


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studies, for tests that change nothing of them."""
    folder = tmp_path_factory.mktemp("made")
    unpack(folder)
    return folder


@pytest.fixture(scope="module")
def gone_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studies, after `killed` was resumed and its next version was run."""
    folder = tmp_path_factory.mktemp("gone-on")
    unpack(folder)
    with trained_here():
        answer("resume killed", folder)
        answer("run newest --from killed --trials 1", folder)
    return folder


def facts(line: str, folder: Path) -> dict[str, object]:
    return dict(json.loads(answer(f"{line} --json", folder)))


def as_numbers_are(value: Any) -> Any:
    """Of another processor, sums may differ in their last digits."""
    if isinstance(value, dict):
        return {name: as_numbers_are(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_numbers_are(one) for one in value]
    return pytest.approx(value, rel=1e-12, abs=0) if isinstance(value, float) else value


def wrong(findings: str) -> list[str]:
    return [finding["text"] for finding in json.loads(findings) if finding["state"] == "wrong"]


@pytest.mark.parametrize(("name", "line"), [asked for asked in questions().items() if asked[1] != FINALIZE])
def test_a_command_says_what_was_said_then(name: str, line: str, made: Path) -> None:
    """`ablate` too, which finds all of its trainings done."""
    now, then = answer(line, made), (SAID / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        assert as_numbers_are(json.loads(now)) == json.loads(then)
    else:
        assert now == then


@pytest.mark.parametrize("study", STUDIES)
def test_a_notebook_has_the_trials_that_it_had_then(study: str, made: Path) -> None:
    assert frame(study, made) == (SAID / f"{study}.csv").read_text(encoding="utf-8")


def test_what_it_was_compared_by_stays_with_what_is_made_about_it_and_after_it(made: Path) -> None:
    """The user had named no metric, and the default of a regression was another."""
    study = find_study("prices", StorageURL.parse(str(made / DATABASE)))
    assert study.record.settings.metric is None
    order = Order(seeds=2, go_on="go on")
    assert settings_about(study, "finalize", order).metric == "val_mae"
    assert inherited(study)["metric"] == "val_mae"
    assert "--metric val_mae" in reproduction_of(study, None).run


def test_of_all_studies_only_what_the_kill_left_needs_somebody(made: Path) -> None:
    (finding,) = wrong(answer("storage check --json", made, code=3))
    assert finding.startswith("study 'killed': 3 trials (2 complete, 1 running); nobody drives it")


@pytest.mark.parametrize("study", ["customers", "after-next"])
def test_a_report_is_written(study: str, made: Path) -> None:
    answer(f"report {study} -o {study}.html", made)
    page = (made / f"{study}.html").read_text(encoding="utf-8")
    then = json.loads((SAID / f"{study}.json").read_text(encoding="utf-8"))
    assert f"<title>{study}: " in page
    assert f"{then['finished']} of {then['budget']} trials" in page
    assert f"trial {then['leaderboard'][0]['trial']}" in page


def test_a_conclusion_ends_with_what_is_to_be_known_of_its_metric(made: Path) -> None:
    conclusion = read_conclusion(find_study("customers", StorageURL.parse(str(made / DATABASE))))
    assert conclusion is not None
    with (console := open_console(width=160)).capture() as shown:
        console.print(conclusion_view(conclusion, [conclusion.test], "95 % of the rows are '[red]no'"))
    assert shown.get().splitlines()[-1] == "95 % of the rows are '[red]no'"


def test_a_conclusion_is_repeated_without_another_look(made: Path) -> None:
    assert answer(FINALIZE, made) == (SAID / "finalize.txt").read_text(encoding="utf-8")
    model = (made / "again.keras").read_bytes()
    assert model in [file.read_bytes() for file in (made / f"{DATABASE}-artifacts").iterdir()]
    assert facts("show customers", made)["test_split_opened"] == 1


def test_a_model_is_exported_and_loads(made: Path) -> None:
    answer("export prices -o exported.keras", made)
    assert json.loads((made / "exported.json").read_text(encoding="utf-8"))["trial"] == 0
    assert load_study("prices", made / DATABASE).best_model().output_shape == (None, 1)


def test_a_killed_study_is_resumed_to_its_budget(gone_on: Path) -> None:
    shown = facts("show killed", gone_on)
    assert (shown["state"], shown["finished"], shown["budget"]) == ("finished", 4, 4)
    lost, again = (facts(f"show killed --trial {number}", gone_on) for number in (2, 3))
    assert lost["state"] == "fail"
    assert lost["attributes"] == {"requeued": "its driver died"}
    assert again["hyperparameters"] == lost["hyperparameters"]
    assert again["attributes"]["original_number"] == 2  # type: ignore[index]
    assert wrong(answer("storage check --json", gone_on)) == []


def test_its_trials_are_taken_over(gone_on: Path) -> None:
    trials = load_study("newest", gone_on / DATABASE).trials_frame()
    assert trials["origin"].dropna().tolist() == [f"trial {number} of killed" for number in (0, 1, 3, 4)]
    assert len(trials) == 5
