"""What a command is going to do with a study, in words: said once, before the first trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from search.references.words import TITLES
from search.text.formats import duration, plural

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.study.study import Study


def plan_rows(study: Study, progress: Progress) -> list[tuple[str, str]]:
    """What, and what it is: budget, space, what runs before the sampler chooses, and reference models.

    Of trainings about another study their number alone: they are planned one by one.
    """
    rows = [("study", study.name), ("budget", _budget(study, progress))]
    if study.companion_of is not None:
        return rows
    settings = study.settings
    space = "your network's" if settings.model else Path(settings.space).name
    rows.append(("space", f"{space}: {study.space.summary()}"))
    if first := _first(study):
        rows.append(("first", first))
    if progress.to_fit:
        models = ", ".join(TITLES[name] for name in progress.to_fit)
        rows.append(("against", f"{models}: fitted on the same rows"))
    return rows


def _budget(study: Study, progress: Progress) -> str:
    settings = study.settings
    parts = [f"{plural(progress.budget, 'trial')} of at most {plural(progress.epochs_of_a_trial, 'epoch')}"]
    if settings.folds is not None:
        parts.append(f"{settings.folds} folds each")
    if progress.finished:
        parts.append(f"{progress.finished:,} of them done")
    workers = plural(progress.workers, "worker") if settings.workers != 0 else "in this process"
    parts.append(workers)
    if settings.timeout is not None:
        parts.append(f"{duration(settings.timeout)} at most")
    return ", ".join(parts)


def _first(study: Study) -> str:
    """Baselines and known configurations that have not ended yet."""
    ended = {trial.planned for trial in study.finished() if trial.is_planned}
    to_come = [one for one in study.record.plan if one not in ended]
    known = sum(one.to_its_end for one in to_come)
    counts = {"baseline": len(to_come) - known, "known configuration": known}
    return ", ".join(plural(count, noun) for noun, count in counts.items() if count)
