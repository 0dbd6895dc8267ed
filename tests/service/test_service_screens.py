"""Every page in a real browser: on a desk and on a phone, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from furnished_service import PAGES, furnish
from headless_chromium import NEEDS_CHROMIUM, launched
from service_fakes import listening, made_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS_CHROMIUM

# What lies outside of the page, or is cut off by it.
_CUT = """() => [...document.querySelectorAll("main *, header *")]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((one) => one.outerHTML.slice(0, 120))"""
# By WCAG 2: how far text stands out from what is behind the page.
_CONTRAST = """() => {
    const light = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const paper = light(getComputedStyle(document.body).backgroundColor);
    return Math.min(...[...document.querySelectorAll("h1, p, a, td, th, .note, .meta, label, nav button")]
        .map((one) => light(getComputedStyle(one).color))
        .map((ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_every_page_fits_and_is_legible(browser: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    service = made_service(tmp_path)
    token = service.users.add("anna", "admin")
    with listening(service) as port:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{port}",
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page, said = context.new_page(), list[str]()
        page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        pages = {"login": "/", "empty": f"/?token={token}", **PAGES}
        for name, path in pages.items():
            page.goto(path)
            assert page.evaluate(_CUT) == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(_CONTRAST) >= 4.5, name
            assert page.locator("h1").count() == 1, name
            if name == "empty":
                assert "No studies yet." in page.inner_text("main")
                furnish(service)
        context.close()
    # The browser itself tells of the answers to who has no token, and to who asks for what is not there.
    assert [line for line in said if "status of 401" not in line and "status of 404" not in line] == []
