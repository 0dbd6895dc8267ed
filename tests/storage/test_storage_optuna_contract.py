"""Optuna's own tests of what a storage promises, on ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from optuna.storages import BaseStorage
from optuna.testing.pytest_storages import StorageTestCase
from server_database import fresh_server_database

from storage import StorageURL, open_storage
from storage.study_storage import StudyStorage

pytestmark = pytest.mark.usefixtures("quiet_optuna")


class TestSQLite(StorageTestCase):
    @pytest.fixture(scope="class")
    def made(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A database with tables and nothing in them: to make them takes longer than most of the tests."""
        path = tmp_path_factory.mktemp("contract") / "empty.db"
        open_storage(StorageURL.of_file(path), create=True)._backend.engine.dispose()
        return path

    @pytest.fixture
    def storage(self, made: Path, tmp_path: Path) -> Iterator[BaseStorage]:
        opened = open_storage(StorageURL.of_file(Path(shutil.copy(made, tmp_path))), for_reports=True)
        yield opened
        opened._backend.engine.dispose()


class TestPostgreSQL(StorageTestCase):
    @pytest.fixture(scope="class")
    def made(self) -> Iterator[StudyStorage]:
        with fresh_server_database() as url:
            opened = open_storage(url, create=True)
            yield opened
            opened._backend.engine.dispose()

    @pytest.fixture
    def storage(self, made: StudyStorage) -> BaseStorage:
        with made._backend.engine.begin() as connection:
            connection.execute(sqlalchemy.text("truncate studies, trials restart identity cascade"))
        return StudyStorage(made._backend)
