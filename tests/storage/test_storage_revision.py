"""Databases get the revision that Optuna gives them, without alembic."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_new_database_has_its_revision_as_optuna_writes_it_and_alembic_is_not_imported(
    tmp_path: Path,
) -> None:
    ours, optunas = tmp_path / "ours.db", tmp_path / "optunas.db"
    code = (
        "import sys; from storage import StorageURL, open_storage\n"
        "for again in range(2):\n"
        "    open_storage(StorageURL.parse(sys.argv[1]), create=True)\n"
        "print('alembic' in sys.modules)"
    )
    made = subprocess.run([sys.executable, "-c", code, str(ours)], capture_output=True, text=True, cwd=ROOT)
    assert (made.stdout, made.stderr) == ("False\n", "")
    code = "import optuna, sys; optuna.storages.RDBStorage(f'sqlite:///{sys.argv[1]}')"
    subprocess.run([sys.executable, "-c", code, str(optunas)], check=True)
    written = []
    for path in (ours, optunas):
        with closing(sqlite3.connect(path)) as database:
            revisions = database.execute("select * from alembic_version").fetchall()
            columns = database.execute("pragma table_info(alembic_version)").fetchall()
            written.append((revisions, columns))
    assert written[0] == written[1]
