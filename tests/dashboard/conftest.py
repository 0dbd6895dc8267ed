"""One project, made once: for all tests that only look, and a copy for each that changes something."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_on_disk import Project, copy_of, make_project


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Opened by nobody."""
    return make_project(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def project(_made: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """For tests that only look."""
    return copy_of(_made, tmp_path_factory.mktemp("project"))


@pytest.fixture
def own(_made: Project, tmp_path: Path) -> Project:
    """For tests that change something."""
    return copy_of(_made, tmp_path)
