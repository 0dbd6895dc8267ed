"""Draw every page of a service: on a desk and on a phone, in the light and in the dark.

PYTHONPATH=tests:tests/service .venv/bin/python -m docs.service_pictures FOLDER      # needs a Chromium
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.headless_chromium import launched
from tests.service.furnished_service import PAGES, furnish
from tests.service.service_fakes import listening, made_service

SCREENS = {"desk": {"width": 1400, "height": 900}, "phone": {"width": 390, "height": 844}}


def draw(folder: Path) -> None:
    """`PAGE-SCREEN-SCHEME.png` of each."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, launched("--no-proxy-server") as browser:
        service = made_service(Path(temporary))
        token = service.users.add("anna", "admin")
        with listening(service) as port:
            furnish(service)
            for screen, viewport in SCREENS.items():
                for scheme in ("light", "dark"):
                    context = browser.new_context(
                        base_url=f"http://127.0.0.1:{port}", viewport=viewport, color_scheme=scheme
                    )
                    page = context.new_page()
                    for name, path in {"login": "/", "first": f"/?token={token}", **PAGES}.items():
                        page.goto(path)
                        if name != "first":
                            page.screenshot(path=folder / f"{name}-{screen}-{scheme}.png", full_page=True)
                    context.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
