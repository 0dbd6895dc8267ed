"""What is kept of studies and trials has its names in the database in three files; all others take typed records."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from search.study.study_record import StudyFacts
from search.study.trial_facts import TrialFacts

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "search").rglob("*.py"))
ATTRIBUTES = re.compile(r"\w*(?:user_attr|system_attr)\w*")
# Where attributes are read and written, and optuna-dashboard's answers, which have a field of that name.
ALLOWED = {
    "search/study/trial_facts.py": {"user_attrs"},
    "search/study/trial_record.py": {"user_attrs", "system_attrs"},
    "search/study/study_record.py": {"user_attrs", "get_study_user_attrs", "set_user_attr"},
    "search/study/study.py": {"user_attrs"},
    "search/dashboard/routes.py": {"user_attrs", "get_study_system_attrs"},
    "search/dashboard/large.py": {"user_attrs", "get_study_system_attrs"},
}
# Of these names nothing else in the project has the same.
OWN_NAMES = {
    *("original_number", "times_lost", "requeued", "stop_reason", "stop_requested", "companion_about"),
    *("space_fingerprint", "data_fingerprint", "test_split_opened_", "ablation_"),
}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_attributes_are_touched_by_the_records_alone() -> None:
    found = {named(path): set(ATTRIBUTES.findall(path.read_text("utf-8"))) for path in FILES}
    assert {name: words for name, words in found.items() if words} == ALLOWED


@pytest.mark.parametrize("name", sorted(OWN_NAMES))
def test_no_other_file_reads_a_fact_by_its_name(name: str) -> None:
    """Of the facts that it hands over to be kept, mypy checks the names."""
    read = re.compile(rf"""get\(["']{name}["']|\[["']{name}["']\](?! = )|["']{name}["'] (?:not )?in """)
    readers = {named(path) for path in FILES if read.search(path.read_text("utf-8"))}
    assert readers <= {"search/study/trial_record.py", "search/study/study_record.py"}


def test_facts_have_the_names_that_studies_made_before_have() -> None:
    assert list(TrialFacts.__annotations__) == [
        *(
            "original_number",
            "planned",
            "adopted",
            "times_lost",
            "left_off",
            "began_anew",
            "requeued",
            "infeasible",
            "epochs",
            "parameters",
            "latency",
        ),
        *(
            "seconds",
            "stop_reason",
            "seed",
            "host",
            "process",
            "environment",
            "best_epoch",
            "at_best",
            "decision",
            "reason",
        ),
        "traceback",
    ]
    assert list(StudyFacts.__annotations__) == [
        *("identity", "metric", "settings", "space", "space_fingerprint", "data", "data_fingerprint", "plan"),
        *("companion_of", "companion_about", "go_on", "continues", "artifact_folder"),
        *("perceptuna", "stop_requested", "constant", "references", "conclusion", "ablations"),
    ]
