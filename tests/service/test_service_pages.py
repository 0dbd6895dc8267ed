"""The service's pages: what they show to whom, and that text of others is never markup."""

from __future__ import annotations

import optuna
from service_fakes import Team, made_study

from search.references.record import Reference, References
from search.service.course import course_of
from search.service.states import State
from search.study.study_record import keep_study_facts

EVIL = '<img src=x onerror="alert(1)">'


def page(asker: object, path: str) -> str:
    answer = asker("GET", path, Accept="text/html")  # type: ignore[operator]
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    text: str = answer.text
    # The policy lets neither run.
    assert "<style" not in text
    assert "style=" not in text
    return text


def test_who_has_no_token_is_asked_for_it(team: Team) -> None:
    answer = team.stranger("GET", "/studies/made", Accept="text/html,*/*")
    assert answer.status == 401
    assert '<input type="password" name="token"' in answer.text
    assert "made" not in answer.text
    wrong = team.stranger("GET", "/?token=wrong", Accept="text/html")
    assert (wrong.status, 'name="token"' in wrong.text) == (401, True)
    for file, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        answer = team.stranger("GET", f"/static/{file}")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(kind)


def test_all_studies_are_listed_and_one_is_shown(team: Team) -> None:
    study = made_study(team.service, "shown", [0.5, 0.9, 0.7])
    fitted = Reference(name="linear", metrics={"accuracy": 0.8}, seconds=1.0)
    keep_study_facts(study.optuna, {"references": References(models=(fitted,))})
    text = page(team.viewer, "/")
    assert '<a href="/studies/shown">shown</a>' in text
    assert "a shell" in text
    one = page(team.viewer, "/studies/shown")
    assert "finished</span>: 3 of 3 trials; started from a shell" in " ".join(one.split())
    board = one.partition("Leaderboard")[2]
    assert board.index("0.9000") < board.index("0.7000")
    assert 'class="reference"' in one
    assert "linear" in one
    assert "data-ask" not in one


def test_buttons_are_those_of_who_may_press_them(team: Team) -> None:
    team.anna.done("POST", "studies", {"study": "mine", "settings": {"data": "digits"}})
    assert [
        verb in page(team.anna, "/studies/mine") for verb in ('data-ask="pause"', 'data-ask="resume"')
    ] == [
        True,
        False,
    ]
    assert "data-ask" in page(team.admin, "/studies/mine")
    for asker in (team.ben, team.viewer):
        assert "data-ask" not in page(asker, "/studies/mine")
    assert 'href="/new"' not in page(team.viewer, "/")


def test_text_of_others_is_never_markup(team: Team) -> None:
    given = {"study": "evil", "settings": {"data": "digits"}, "note": f"{EVIL}\x1b[31m\u202e"}
    team.anna.done("POST", "studies", given)
    team.service.queue.move("evil", [State.QUEUED], State.FAILED, reason=EVIL)
    assert team.service.data is not None
    (team.service.data / f"{EVIL.replace('/', '')}.csv").write_text("a\n")
    for path in ("/", "/studies/evil", "/new"):
        text = page(team.anna, path)
        assert "<img" not in text
        assert "&lt;img src=x" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_the_form_offers_the_services_files_and_ones_own(team: Team) -> None:
    sent = team.anna.done("POST", "uploads", body=b"a,b\n1,2\n")
    text = page(team.anna, "/new")
    assert "<option>table.csv</option>" in text
    assert f'value="{sent["data"]}"' in text
    assert sent["id"] not in page(team.ben, "/new")
    assert 'name="priority" type="number" value="0" min="-100" max="0"' in text


def test_of_many_studies_a_page_shows_some(team: Team) -> None:
    for number in range(51):
        team.ben.done("POST", "studies", {"study": f"many-{number}", "settings": {"data": "digits"}})
    first = page(team.viewer, "/")
    assert ">many-50</a>" in first
    assert ">many-0</a>" not in first
    assert ">many-0</a>" in page(team.viewer, "/?page=2")
    assert page(team.viewer, "/?page=99").count("older") == 0
    assert team.viewer("GET", "/?page=x").status == 422


def test_the_course_of_a_study_is_drawn_within_its_picture(team: Team) -> None:
    empty = made_study(team.service, "empty", [], trials=1)
    assert course_of(empty) is None
    far = made_study(team.service, "far", [-1e9, *(n / 50 for n in range(40)), float("inf")])
    course = course_of(far)
    assert course is not None
    assert len(course.marks) == 41  # an infinite value is none
    assert all(0 <= mark.x <= 640 and 0 <= mark.y <= 240 for mark in course.marks)
    assert max(mark.y for mark in course.marks) - min(mark.y for mark in course.marks) > 150
    same = course_of(made_study(team.service, "same", [0.5, 0.5]))
    assert same is not None
    assert len({mark.y for mark in same.marks}) == 1


def test_a_study_of_another_program_is_shown_for_what_it_is(team: Team) -> None:
    one = optuna.create_study(study_name="foreign", storage=team.service.storage)
    two = optuna.create_study(
        study_name="foreign two", storage=team.service.storage, directions=["minimize", "maximize"]
    )
    one.add_trial(optuna.trial.create_trial(value=0.5))
    two.add_trial(optuna.trial.create_trial(values=[0.5, 0.6]))
    assert "foreign two" in page(team.viewer, "/") + page(team.viewer, "/?page=2")
    for name in ("foreign", "foreign%20two"):
        assert "foreign</span>: 1 of" in " ".join(page(team.viewer, f"/studies/{name}").split())
        row = team.viewer.done("GET", f"studies/{name}")
        assert (row["state"], row["details"], row["metric"]) == ("foreign", None, None)
        assert team.viewer.done("GET", f"studies/{name}/trials")["total"] == 1
        assert "not made by perceptuna" in team.viewer.refused(422, "GET", f"studies/{name}/trials/0")


def test_studies_are_put_side_by_side(team: Team) -> None:
    made_study(team.service, "beside", [0.8], seed=3)
    told = team.viewer.done("GET", "compare?study=made&study=beside")
    assert [one["best"] for one in told["studies"]] == [None, 0.8]  # JSON has no infinity
    page = team.viewer("GET", "/compare?study=made&study=beside").text
    assert '<a href="/studies/beside">beside</a>' in page
    assert "<th>--seed</th>" in page
    assert any(
        'name="study" value="beside"' in team.viewer("GET", f"/?page={page}").text for page in (1, 2, 3)
    )
    assert "but got 1" in team.viewer.refused(422, "GET", "compare?study=made")
    assert "no study 'nothing'" in team.viewer.refused(404, "GET", "compare?study=made&study=nothing")
    team.viewer.refused(422, "GET", "compare")
    team.viewer.refused(404, "GET", "compare?study=made&study=%00")
