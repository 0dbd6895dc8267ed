"""The service's pages in a real browser: what is pressed and sent there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headless_chromium import NEEDS_CHROMIUM, launched
from service_fakes import Team, made_study

from search.service.queue import QueuedStudy
from search.service.states import State

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def anna(browser: Browser, team: Team) -> Iterator[Page]:
    """Logged in; whatever the console says is a finding."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{team.anna.port}")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"/?token={team.anna.token}")
    assert "token" not in page.url
    yield page
    context.close()
    # The browser itself tells of an answer that refuses.
    assert [line for line in said if "status of 4" not in line] == []


def test_a_study_is_handed_in_by_the_form_with_a_file(anna: Page, team: Team, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    anna.click("text=Hand one in")
    anna.fill("[name=study]", "by-form")
    anna.set_input_files("[name=file]", tmp_path / "mine.csv")
    anna.fill("[name=target]", "b")
    anna.fill("[name=trials]", "7")
    anna.fill("[name=note]", "<i>mine</i>")
    anna.fill("[name=settings]", '{"epochz": 3}')
    anna.click("text=Hand it in")
    anna.wait_for_selector("text=--epochz: no such setting (did you mean 'epochs'?)")
    anna.fill("[name=settings]", '{"epochs": 3}')
    anna.click("text=Hand it in")
    anna.wait_for_url("**/studies/by-form")
    assert "<i>mine</i>" in anna.inner_text("main")
    queued = team.service.queue.find("by-form")
    assert queued is not None
    assert (queued.owner, queued.trials) == ("anna", 7)
    assert '"epochs": 3' in queued.settings


def test_buttons_ask_and_the_page_shows_what_came_of_it(anna: Page, team: Team) -> None:
    team.anna.done("POST", "studies", {"study": "pressed", "settings": {"data": "digits"}})
    anna.goto("/studies/pressed")
    anna.click("button:text('pause')")
    anna.wait_for_selector("text=paused: 0 of 50 trials")
    anna.click("button:text('resume')")
    anna.wait_for_selector("text=queued: 0 of 50 trials")
    team.service.queue.move("pressed", [State.QUEUED], State.FINISHED)
    anna.click("button:text('cancel')")
    anna.wait_for_selector("text=study 'pressed' is finished, so there is nothing to cancel")


def test_a_page_renews_itself_and_fits_a_phone(anna: Page, team: Team) -> None:
    study = made_study(team.service, "drawn", [0.5, 0.9, 0.7])
    anna.set_viewport_size({"width": 360, "height": 700})
    for path in ("/", "/studies/drawn", "/new"):
        anna.goto(path)
        assert anna.evaluate("document.documentElement.scrollWidth") <= 360, path
    anna.goto("/studies/drawn")
    assert anna.locator("circle").count() == 3
    first = study.optuna.get_trials()[0]
    study.optuna.add_trial(first)
    anna.locator("circle").nth(3).wait_for(state="attached", timeout=15_000)


def test_who_logs_out_is_asked_again(browser: Browser, team: Team) -> None:
    context = browser.new_context(base_url=f"http://127.0.0.1:{team.ben.port}")
    page = context.new_page()
    page.goto("/studies/made")
    page.fill("[name=token]", team.ben.token or "")
    page.click("text=Log in")
    page.wait_for_selector("h1:text('Studies')")
    page.click("text=Log out")
    page.wait_for_selector("h1:text('Who are you?')")
    context.close()


def test_a_study_is_finalized_by_its_button_and_compared_by_ticks(anna: Page, team: Team) -> None:
    for name in ("ticked", "concluded"):
        made_study(team.service, name, [0.5, 0.75])
        assert team.service.queue.add(QueuedStudy(name, "anna", "{}", 2, state=State.FINISHED))
    anna.goto("/studies/concluded")
    anna.fill("form[data-conclude=finalize] [name=top]", "1")
    anna.click("text=Finalize")
    anna.wait_for_selector("#said:has-text('concluded.finalize is queued')")
    anna.wait_for_selector("text=0 of 6 trainings")
    queued = team.service.queue.find("concluded.finalize")
    assert queued is not None
    assert queued.job is not None
    assert queued.job.options == {"top": 1, "seeds": 5}
    anna.click("p.buttons:has-text('concluded.finalize') >> text=cancel")
    anna.wait_for_selector("text=concluded.finalize is cancelled")
    anna.goto("/")
    for name in ("ticked", "concluded"):
        anna.check(f"[value={name}]")
    anna.click("text=Compare those that are ticked")
    anna.wait_for_url("**/compare?study=*")
    assert "holds luck" in anna.inner_text("main")
