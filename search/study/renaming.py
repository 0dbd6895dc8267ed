"""Give a study another name. Nothing of it is copied, and the studies about it go along."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.settings.study_name import check_study_name, quote_name
from search.study.study import Study, companions_of, study_names
from search.study.study_record import StudyRecord, attributes_of_study
from storage import study_lock

if TYPE_CHECKING:
    from sqlalchemy import Connection


def rename_study(
    study: Study, name: str, along: Callable[[Connection], None] = lambda connection: None
) -> dict[str, str]:
    """Call `study` `name`, and its companions after it; the new name of each study by its old one.

    It is one transaction, of which `along` is a part that is safe to repeat. Trials, artifacts and the number in the
    dashboard's addresses stay as they are.

    Raises:
        InputError: the name is no name, or taken, or `study` is a companion itself.
        StudyBusy: one of the studies is being driven.
    """
    check_study_name(name)
    if study.companion_of is not None:
        raise InputError(
            f"study '{study.name}' is about study '{study.companion_of}' and named after it; rename that one"
        )
    about_it = study.record.known_identity
    renamed = [study, *(one for one in companions_of(study) if one.record.companion_about == about_it)]
    new_names = {one.name: name + one.name.removeprefix(study.name) for one in renamed}
    with ExitStack() as locks:
        for one in sorted({*new_names, *new_names.values()}):
            locks.enter_context(study_lock(study.url, one))
        taken = [new for new in new_names.values() if new in study_names(study.url)]
        if taken:
            raise InputError(f"there is a study {quote_name(taken[0])} already; choose another name")
        ids = {one.optuna._study_id: new_names[one.name] for one in renamed}
        attributes = {one.optuna._study_id: _renamed(one.record, study.name, name) for one in renamed[1:]}
        study.storage.rename_studies(ids, attributes, along)
    return new_names


def _renamed(companion: StudyRecord, old: str, new: str) -> dict[str, Any]:
    """What names the study that a companion is about."""
    if companion.go_on is None:
        return attributes_of_study({"companion_of": new})
    command = re.sub(rf"^(perceptuna \w+) {re.escape(old)}(?=\s|$)", rf"\1 {new}", companion.go_on)
    return attributes_of_study({"companion_of": new, "go_on": command})
