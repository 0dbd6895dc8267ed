"""The page as a person sees it, in a real Chromium without a network: on a desk, on a phone, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from headless_chromium import NEEDS_CHROMIUM, launched
from made_studies import made_answers, made_study, mixed_trials

from search.analysis.report.page import render
from search.analysis.report.snapshot import snapshot_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = ["--disable-background-networking", "--no-first-run"]
PHONE = {"width": 390, "height": 844}
# What is drawn may leave its box by a rounding, and by the descender of a letter.
_OVERLAP = "(a, b) => a.x < b.right - 2 && b.x < a.right - 2 && a.y < b.bottom - 3 && b.y < a.bottom - 3"

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    page = render(snapshot_of(made_study(mixed_trials(60)), 20), made_answers())
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched(*ARGUMENTS) as browser:
        yield browser


class Watched:
    """A page that is open, and what it complained of and asked for."""

    def __init__(self, browser: Browser, report: Path, **settings: Any) -> None:
        self.context = browser.new_context(offline=True, **settings)
        self.page: Page = self.context.new_page()
        self.noticed: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.noticed.append(message.text))
        self.page.on("pageerror", lambda error: self.noticed.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(report.as_uri())

    def colour_of(self, selector: str, name: str) -> str:
        return str(
            self.page.eval_on_selector(selector, "(element, name) => getComputedStyle(element)[name]", name)
        )

    def wider_than_the_window(self) -> int:
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


@pytest.fixture
def watched(browser: Browser, report: Path) -> Iterator[Any]:
    opened: list[Watched] = []

    def open_report(**settings: Any) -> Watched:
        opened.append(Watched(browser, report, **settings))
        return opened[-1]

    yield open_report
    for one in opened:
        one.context.close()


def test_it_opens_without_a_network_and_asks_for_nothing(watched: Any, report: Path) -> None:
    desk = watched(viewport={"width": 1280, "height": 900})
    assert desk.requests == [report.as_uri()]
    assert desk.noticed == []
    assert desk.page.locator("section").count() == 13
    assert desk.page.locator("svg[role=img][aria-label]").count() == 9
    assert desk.page.locator("script").count() == 0
    assert desk.page.locator("svg title").count() > 100
    assert desk.page.locator("#history").bounding_box()["height"] > 300


def test_on_a_phone_nothing_is_wider_than_the_screen_and_figures_can_be_read(watched: Any) -> None:
    phone = watched(viewport=PHONE)
    assert phone.wider_than_the_window() == 0
    sizes = phone.page.eval_on_selector_all(
        "svg text",
        "texts => texts.map(t => t.getBoundingClientRect().height).filter(h => h > 0)",
    )
    assert min(sizes) > 9
    assert phone.page.locator("#leaderboard .board thead").is_hidden()
    label = "getComputedStyle(document.querySelector('#leaderboard .board td'), '::before').content"
    assert phone.page.evaluate(label) == '"rank"'


def test_on_a_phone_a_figure_of_the_leaderboard_is_never_broken_in_two(watched: Any) -> None:
    """As many digits as a seed has."""
    phone = watched(viewport=PHONE)
    before, after = phone.page.evaluate(
        """() => {
            const cell = [...document.querySelectorAll("#leaderboard tbody tr:first-child td.right")].pop();
            const before = cell.getBoundingClientRect().height;
            cell.textContent = "2357136044";
            return [before, cell.getBoundingClientRect().height];
        }"""
    )
    assert after <= before
    assert phone.wider_than_the_window() == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_of_a_figure_covers_another(watched: Any, width: int) -> None:
    covered = watched(viewport={"width": width, "height": 900}).page.evaluate(
        f"""() => {{
            const overlap = {_OVERLAP};
            const found = [];
            for (const svg of document.querySelectorAll("svg")) {{
                const texts = [...svg.querySelectorAll("text")];
                const boxes = texts.map(text => text.getBoundingClientRect());
                for (let i = 0; i < texts.length; i++)
                    for (let j = 0; j < i; j++)
                        if (overlap(boxes[i], boxes[j]))
                            found.push([texts[i].textContent, texts[j].textContent]);
            }}
            return found;
        }}"""
    )
    assert covered == []


def test_in_the_dark_the_page_and_its_figures_are_dark_and_on_paper_they_are_not(watched: Any) -> None:
    dark = watched(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    light = watched(viewport={"width": 1280, "height": 900}, color_scheme="light")
    for selector, name in (("body", "backgroundColor"), ("body", "color"), ("#history svg text", "fill")):
        assert dark.colour_of(selector, name) != light.colour_of(selector, name)
    dark.page.emulate_media(media="print", color_scheme="dark")
    for selector, name in (("body", "backgroundColor"), ("#history svg text", "fill")):
        assert dark.colour_of(selector, name) == light.colour_of(selector, name)
    assert dark.page.locator("nav").is_hidden()
    assert dark.page.pdf(format="A4").startswith(b"%PDF")
