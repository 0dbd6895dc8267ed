"""The pages as a person sees them, in a real Chromium, through the guard and waitress."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import optuna
import pytest
from headless_chromium import NEEDS_CHROMIUM, launched
from project_on_disk import COMPLETE_TRIAL, STATES, Project

from search.dashboard import Guard, dashboard_app, excerpt, large
from search.dashboard.connections import bounded_server
from storage import open_storage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

# A name that is not loopback, so that Chromium treats the page as it treats one of another machine.
NAME = "dashboard.test"
ARGUMENTS = [
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
]

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched(*ARGUMENTS) as browser:
        yield browser


@pytest.fixture
def elsewhere() -> list[str]:
    """Addresses of other machines that a page asked for."""
    return []


@pytest.fixture
def page(browser: Browser, elsewhere: list[str]) -> Iterator[Page]:
    def only_here(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", NAME, None):
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    known = {"Authorization": "Bearer known"}
    context = browser.new_context(viewport={"width": 1280, "height": 900}, extra_http_headers=known)
    context.set_default_timeout(20_000)
    context.route("**/*", only_here)
    yield context.new_page()
    context.close()


def serve(project: Project, *, token: str = "known", read_only: bool = False) -> int:
    """A server of `project` on a free port, in a thread that ends with the tests."""
    app = dashboard_app(open_storage(project.url), project.url)
    guard = Guard(app, token=token, read_only=read_only)
    server = bounded_server(guard, socket.create_server(("127.0.0.1", 0)))
    threading.Thread(target=server.run, daemon=True).start()
    return int(server.effective_port)


def test_studies_trials_and_learning_curves_are_seen(
    page: Page, project: Project, elsewhere: list[str], tmp_path: Path
) -> None:
    home = f"http://127.0.0.1:{serve(project, read_only=True)}/dashboard"
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(home)
    page.get_by_text("digits-mlp").first.wait_for()
    page.screenshot(path=tmp_path / "studies.png")

    page.goto(f"{home}/studies/{project.study_id}")
    page.locator(".js-plotly-plot .scatterlayer .point").first.wait_for()
    page.screenshot(path=tmp_path / "study.png")
    for plot in ("over-fitting", "size", "time"):
        drawn = page.locator(f"[id='user-defined-plot:{plot}']")
        drawn.locator(".scatterlayer .trace path").first.wait_for(state="attached")
        assert "val_accuracy" in drawn.inner_text()
    page.screenshot(path=tmp_path / "plots.png", full_page=True)

    page.goto(f"{home}/studies/{project.study_id}/note")
    page.get_by_text("perceptuna resume digits-mlp").first.wait_for()
    assert page.get_by_text("1,257 rows to train on").count() > 0
    page.screenshot(path=tmp_path / "note.png")
    page.get_by_role("link", name=re.compile(r"^trial \d+$")).click()
    page.wait_for_url(re.compile(r"/trials\?numbers=\d+$"))

    page.goto(f"{home}/studies/{project.study_id}/trials?numbers={COMPLETE_TRIAL}")
    curve = page.locator(f"img[src*='{project.curve_id}']")
    curve.wait_for()
    page.wait_for_function("image => image.complete", arg=curve.element_handle())
    assert curve.evaluate("image => image.naturalWidth") > 0
    assert page.get_by_text("history.csv").count() > 0
    page.screenshot(path=tmp_path / "trial.png", full_page=True)

    assert elsewhere == []
    assert errors == []


def test_the_contour_which_shades_a_choice_by_its_last_trial_is_left_out(
    page: Page, project: Project
) -> None:
    page.goto(f"http://127.0.0.1:{serve(project)}/dashboard/studies/{project.study_id}/analytics")
    page.locator("#graph-rank .scatterlayer .point").first.wait_for()
    page.locator("#graph-contour").wait_for(state="hidden")
    assert page.locator("#graph-contour").count() == 1, "it has another name now, and may be seen"
    assert not page.get_by_role("heading", name="Contour", exact=True).is_visible()


def test_the_link_logs_in_and_then_the_pages_can_change_things(
    page: Page, own: Project, elsewhere: list[str]
) -> None:
    """Over a name that is not loopback: there the browser sends no Sec-Fetch-Site, and Origin has to do."""
    home = f"http://{NAME}:{serve(own, token='a-token')}/dashboard"
    refused = page.goto(home)
    assert refused is not None
    assert refused.status == 401

    page.goto(f"{home}?token=a-token")
    page.get_by_text("digits-mlp").first.wait_for()
    assert "token" not in page.url
    assert page.evaluate("document.cookie") == ""

    status = page.evaluate(
        "id => fetch(`/api/studies/${id}`, {method: 'DELETE'}).then(reply => reply.status)", own.study_id
    )
    assert status == 204
    assert open_storage(own.url).get_all_studies() == []
    assert elsewhere == []


def test_the_page_of_a_large_study_says_what_it_shows_follows_the_study_and_leads_to_every_trial(
    page: Page, own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: list[str]
) -> None:
    """The list of trials asks every two seconds for what is new."""
    monkeypatch.setattr(large, "MANY_TRIALS", 10)
    for part in ("BEST", "NEWEST", "EVENLY"):
        monkeypatch.setattr(excerpt, part, 2)
    study = optuna.load_study(study_name="digits-mlp", storage=open_storage(own.url))
    home = f"http://127.0.0.1:{serve(own)}/dashboard/studies/{own.study_id}"
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def shown() -> int:
        """As the title says."""
        title = page.get_by_text(re.compile(r"^digits-mlp, \d+ of \d+ trials \(id=\d+\)$")).first
        title.wait_for()
        return int(title.inner_text().split()[1])

    page.goto(home)
    page.locator(".js-plotly-plot .scatterlayer .point").first.wait_for()
    assert shown() < len(STATES)
    page.screenshot(path=tmp_path / "large.png", full_page=True)

    page.goto(f"{home}/trials")
    before = shown()
    page.get_by_text(f"{before} Trials", exact=True).wait_for()
    study.tell(len(STATES), 0.5)  # the one that ran
    study.tell(study.ask(), 0.4)
    study.ask()
    page.get_by_text(f"{before + 2} Trials", exact=True).wait_for()
    page.get_by_text(f"Trial {len(STATES) + 2}", exact=True).first.wait_for()
    assert shown() == before + 2

    left_out = next(
        n for n in range(1, len(STATES)) if page.get_by_text(f"Trial {n}", exact=True).count() == 0
    )
    page.goto(f"{home}/trials?numbers={left_out}")
    page.get_by_text(f"Trial {left_out} (trial_id=").first.wait_for()

    page.goto(f"{home}/trials?numbers=all")
    page.get_by_text(f"{len(STATES) + 3} Trials", exact=True).wait_for()
    assert elsewhere == []
    assert errors == []
