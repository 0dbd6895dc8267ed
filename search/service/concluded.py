"""What was concluded from a study, as facts of its page, and what is being concluded."""

from __future__ import annotations

from typing import Any

from search.analysis.facts.table_rows import factor_rows
from search.analysis.report.confirmed import Confirmed, confirmed_of
from search.conclusion.ablation.record import best_ablation
from search.conclusion.ablation.words import chance, headline, sentence
from search.service.listing import Row, row_of
from search.service.service import Service
from search.service.states import OVER, State
from search.service.users import User
from search.study.record_of_looks import looks
from search.study.study import Study


def conclusions_of(service: Service, study: Study, user: User, row: Row) -> dict[str, Any] | None:
    """What was concluded from a search, what is being, and whether this user may ask for more now."""
    if study.companion_of is not None:
        return None
    jobs = [row_of(service, one.study, one) for one in service.queue.about(study.name)]
    theirs = user.may("admin") if row.owner is None else user.may_change(row.owner)
    rests = row.state in (*OVER, State.PAUSED, "resumable")
    return {
        "jobs": jobs,
        "confirmed": _confirmed(study, row.finished),
        "ablated": _ablated(study),
        "may": theirs and rests and row.best is not None,
        "model": any(one.job == "finalize" and one.state == State.FINISHED for one in jobs),
    }


def _confirmed(study: Study, finished: int) -> Confirmed | None:
    """Looks are read for a study alone that was finalized."""
    return None if study.record.conclusion is None else confirmed_of(study, finished, looks(study))


def _ablated(study: Study) -> dict[str, Any] | None:
    """Around the best trial that was taken for it: factor, what it was changed to, change, parameters, time, words."""
    found = best_ablation(study)
    if found is None:
        return None
    rows = [
        (*row, sentence(effect, found.metric))
        for row, effect in zip(factor_rows(found), found.effects, strict=True)
    ]
    headers = (
        "factor",
        "from \N{RIGHTWARDS ARROW} to",
        f"change of {found.metric}",
        "parameters",
        "time",
        "",
    )
    return {"headline": headline(found), "headers": headers, "rows": rows, "chance": chance(found)}
