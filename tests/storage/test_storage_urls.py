"""Storage URLs: what is accepted, what is refused, and that no password is ever shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from storage import DatabaseUnusable, StorageURL

passwords = st.text(
    st.characters(codec="utf-8", exclude_characters="*", exclude_categories=["Cs", "Cc"]), min_size=1
)
names = st.text("abcdefgh", min_size=1, max_size=5)


@given(names, passwords, names)
def test_a_password_is_never_shown(user: str, password: str, host: str) -> None:
    password = f"Zq9{password}"  # in no URL by accident
    coded = quote(password, safe="")
    for text in (
        f"postgresql://{user}:{coded}@{host}/studies",
        f"postgres://{user}:{coded}@{host}:5432/studies?sslmode=require",
        f"postgresql://{user}@{host}/studies?password={coded}",
    ):
        url = StorageURL.parse(text)
        for shown in (str(url), repr(url), f"{url}"):
            assert password not in shown
            assert coded not in shown
        given_on = make_url(url.full)
        assert password in (given_on.password, given_on.query.get("password"))


@given(names, names)
def test_the_short_spelling_of_postgresql_is_the_same_place(user: str, host: str) -> None:
    short = StorageURL.parse(f"postgres://{user}:secret@{host}/studies")
    assert short == StorageURL.parse(f"postgresql://{user}:secret@{host}/studies")
    assert short.full.startswith("postgresql://")
    assert short.sqlite_path is None


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="/:"), min_size=1
    )
)
def test_a_bare_path_is_an_sqlite_file(name: str) -> None:
    """Whatever signs are in it: they must survive the way through SQLAlchemy's URL."""
    url = StorageURL.parse(f"folder/{name}")
    assert url.sqlite_path == Path(f"folder/{name}").absolute()
    assert StorageURL.parse(url.full).sqlite_path == url.sqlite_path
    assert make_url(url.full).query == {}


def test_a_relative_path_is_opened_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers may run in another folder."""
    monkeypatch.chdir(tmp_path)
    url = StorageURL.parse("sqlite:///studies.db")
    assert url.full == f"sqlite:///{tmp_path}/studies.db"
    assert str(url) == "sqlite:///studies.db"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected sqlite:///FILE.db"),
        (":memory:", "an SQLite database in memory is lost"),
        ("sqlite://", "an SQLite database in memory is lost"),
        ("sqlite:///:memory:", "an SQLite database in memory is lost"),
        ("mysql://user:secret@host/studies", "but got 'mysql://…'"),
        ("redis://:secret@host", "but got 'redis://…'"),
        ("://secret", "is not a URL"),
        ("postgresql://user:secret@host:secret/studies", "is not a URL"),
    ],
)
def test_what_cannot_hold_studies_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        StorageURL.parse(text)
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)
