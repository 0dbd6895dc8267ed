"""One project for all tests that only look."""

from __future__ import annotations

import pytest
from project_on_disk import Project, make_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """For tests that only look."""
    return make_project(tmp_path_factory.mktemp("project"))
