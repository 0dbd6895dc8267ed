"""Storage URLs: what is accepted, what is refused, and that no password is ever shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from storage import DatabaseUnusable, StorageURL
from storage.urls import hide_passwords

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


# What fingers make of `postgresql://user:password@host/studies`, and libpq's own form.
_MISTYPED = (
    "postgresql:/{user}:{password}@{host}/studies",
    "postgresql//{user}:{password}@{host}/studies",
    "postgresql:{user}:{password}@{host}/studies",
    "postgresql;//{user}:{password}@{host}",
    "postgresql:\\\\{user}:{password}@{host}",
    "postgresql://{user}:{password}@{host}:port/studies",
    "postgresql://{user}:{password}@[{host}/studies",
    "postgresql://{user}:a@{password}@{host}/studies",
    "postgresql://{user}@{host}/studies?pasword={password}",
    "postgresql://{user}@{host}/studies?PASSWORD={password}",
    "postgresql://{user}:a@{host}/studies?x=@{password}",
    " postgresql://{user}:{password}@{host}/studies",
    "postgressql://{user}:{password}@{host}/studies",
    "postgresql+psycopg2://{user}:{password}@{host}/studies",
    "http//{user}:{password}@{host}",
    "{user}:{password}@{host}/studies",
    "//{user}:{password}@{host}/studies",
    "sqlite://{user}:{password}@{host}/studies",
    "sqlite:///postgresql://{user}:{password}@{host}/studies",
    "host={host} user={user} password={password}",
)


@given(st.sampled_from(_MISTYPED), names, passwords, names, st.booleans())
def test_a_mistyped_url_never_shows_its_password(
    form: str, user: str, password: str, host: str, coded: bool
) -> None:
    password = f"Zq9{quote(password, safe='') if coded else password}"
    try:
        url = StorageURL.parse(form.format(user=user, password=password, host=host))
    except DatabaseUnusable as error:
        shown = f"{error} {error!r}"
    else:
        shown = f"{url} {url!r} {url.option} {url.sqlite_path}"
    assert "Zq9" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("expected a, but got 'postgresql:/me:secret@host'", "expected a, but got 'postgresql:/me:***@host'"),
        (
            "no postgresql://me:sec@ret@host/db?password=x&a=b;",
            "no postgresql://me:***@host/db?password=***&a=b;",
        ),
        ("name 'postgresql://me:secret that is cut…'", "name 'postgresql://me:*** that is cut…'"),
        ("see http://127.0.0.1:8080/a, tls://head:8786", "see http://127.0.0.1:8080/a, tls://head:8786"),
        ("`resume a --storage sqlite:////tmp/12:30@x.db`", "`resume a --storage sqlite:////tmp/12:30@x.db`"),
        ("column 'a:b@c' of rows.csv", "column 'a:b@c' of rows.csv"),
    ],
)
def test_passwords_of_urls_in_any_text_are_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hide_passwords(text) == shown


def test_what_a_server_says_is_masked() -> None:
    for text in ("postgresql://me:se%2Fcret@host/db", "postgresql://me@host/db?password=se/cret"):
        assert StorageURL.parse(text).masked("no entry 'se/cret', 'me'") == "no entry '***', 'me'"


def test_a_path_that_is_there_may_look_like_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "12:30@night.db"
    Path("sub").mkdir()
    Path("sub", name).touch()
    assert StorageURL.parse(f"sub/{name}").sqlite_path == tmp_path / "sub" / name
    assert StorageURL.parse(f"sqlite:///sub/{name}").sqlite_path == tmp_path / "sub" / name


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


def test_a_path_stays_what_it_was_when_the_current_folder_is_another_or_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    url, other = StorageURL.parse("studies.db"), StorageURL.of_file(tmp_path / "other.db")
    gone.rmdir()
    assert url.sqlite_path == gone / "studies.db"
    assert other.option == f" --storage sqlite:///{tmp_path}/other.db"
    assert url.option == " --storage sqlite:///studies.db"
