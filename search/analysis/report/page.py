"""Facts and figures of a study as one HTML file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from markupsafe import Markup, escape

from search.analysis.facts.beside import beside_of
from search.analysis.facts.remarks import remarks, state_counts
from search.analysis.facts.table_rows import Row, front_columns, leaderboard_columns, rows_of
from search.analysis.report import class_figures, figures, front_figure, landscape, residual_figures
from search.analysis.report.ablated import ablated_of, intervals
from search.analysis.report.answers import CLASS_HEADERS, MOST_TARGETS, Answers, answers_of
from search.analysis.report.confirmed import confirmed_of, seal_of
from search.analysis.report.drawing import clean, page_style
from search.analysis.report.headline import headline_of
from search.analysis.report.lead import lead_of
from search.analysis.report.reproduce import SPACE_FILE, reproduction_of
from search.analysis.report.scales import MOST_POINTS
from search.analysis.report.snapshot import Snapshot, snapshot_of
from search.analysis.report.templates import environment
from search.analysis.report.timeline import MOST_LANES, lanes, timeline
from search.machine.writing import check_place, refuse_to_replace, written_whole
from search.policies.pruners import describe_rungs
from search.settings.chosen_metric import compared_by
from search.settings.folds import folds_in_words
from search.study.study import Study
from search.text.printable import printable_lines

FEW_TRIALS = 50
"""Complete trials below which importance rests on the five best alone, since a tenth would be fewer."""

_REASONS_SHOWN = 5
# Within which a report has its title.
_HEAD_BYTES = 4096


def write_report(study: Study, path: Path, top: int = 20, *, force: bool = False) -> None:
    """Write the report of `study` as it is now to `path`; its leaderboard has `top` rows.

    Reads only. A reader of `path` sees the old page or the new one, never a half.

    Raises:
        InputError: `path` cannot be written or holds what is no report, or the study was not made by perceptuna.
    """
    check_place(path, [".html", ".htm"])
    refuse_to_replace([path], force=force, ours=lambda: _is_report_of(study, path))
    page = render(snapshot_of(study, top), answers_of(study))
    with written_whole(path) as file:
        file.write_text(page, encoding="utf-8")


def _is_report_of(study: Study, path: Path) -> bool:
    title = f"<title>{escape(printable_lines(study.name))}: perceptuna report</title>"
    try:
        with path.open("rb") as file:
            return title.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False


def render(snapshot: Snapshot, answers: Answers | str = "") -> str:
    """The page, with what the best model answers, or why that is not known."""
    headline = headline_of(snapshot)
    study = snapshot.study
    confirmed = confirmed_of(study, snapshot.finished, snapshot.looks)
    return clean(
        environment(Path(__file__).parent)
        .get_template("page.html.j2")
        .render(
            snapshot=snapshot,
            study=study,
            metric=study.metric,
            compared_by=compared_by(study.metric),
            measure=study.metric.removeprefix("val_"),
            settings=study.settings,
            data=study.data,
            headline=headline,
            leaderboard=_leaderboard(snapshot),
            front=_front(snapshot),
            aims=study.aims,
            lead=lead_of(snapshot, confirmed, answers),
            confirmed=confirmed,
            answers=answers,
            answer_figures=_draw_answers(answers),
            answer_targets=_draw_targets(answers),
            most_targets=MOST_TARGETS,
            class_headers=CLASS_HEADERS,
            ablated=ablated_of(study, snapshot.importances),
            seal=seal_of(snapshot.looks),
            figures=_draw(snapshot),
            remarks=remarks(study),
            beside=beside_of(study),
            folds=folds_in_words(study.settings, study.data),
            states=list(state_counts(study).items()),
            reasons=_reasons(snapshot),
            rungs=describe_rungs(study.settings).removeprefix("pruning: "),
            two=[scale.name for scale in figures.two_scales(snapshot)],
            workers=len(lanes(snapshot.own, snapshot.read)),
            reproduction=reproduction_of(study, snapshot.trials[headline.best.trial] if headline else None),
            limits={
                "points": MOST_POINTS,
                "lines": landscape.MOST_LINES,
                "best_lines": landscape.BEST_LINES,
                "marks": landscape.MOST_MARKS,
                "axes": landscape.MOST_AXES,
                "lanes": MOST_LANES,
                "few": FEW_TRIALS,
            },
            space_file=SPACE_FILE,
        )
    )


def _leaderboard(snapshot: Snapshot) -> tuple[list[str], list[str], list[Row]]:
    """Names, kinds and rows of its columns: those of the terminal, train before validation."""
    rank, trial, validation, train, *more = leaderboard_columns(snapshot.study.metric, snapshot.entries)
    columns = [rank, trial, train, validation, *more]
    return (
        [column.on_page or column.name for column in columns],
        ["right" if column.is_figure else "what" for column in columns],
        rows_of(columns, snapshot.entries),
    )


def _front(snapshot: Snapshot) -> tuple[list[str], list[str], list[Row]]:
    """Names, kinds and rows of the front of several aims."""
    columns = front_columns(snapshot.study.aims, snapshot.front)
    return (
        [column.on_page or column.name for column in columns],
        ["right" if column.is_figure else "what" for column in columns],
        rows_of(columns, snapshot.front),
    )


def _draw(snapshot: Snapshot) -> dict[str, Markup | None]:
    with page_style():
        return {
            "history": figures.history(snapshot),
            "front": front_figure.front(snapshot),
            "curves": figures.curves(snapshot),
            "slices": figures.slices(snapshot),
            "contour": landscape.contour(snapshot),
            "parallel": landscape.parallel(snapshot),
            "timeline": timeline(snapshot),
            "ablation": intervals(snapshot.study),
        }


def _draw_answers(answers: Answers | str) -> list[tuple[Markup, str]]:
    """Pictures of what the best model answers, each with what it shows."""
    if isinstance(answers, str) or answers.spec.targets:
        return []
    with page_style():
        drawn = residual_figures if answers.spec.task == "regression" else class_figures
        return drawn.all_of(answers)


def _draw_targets(answers: Answers | str) -> list[tuple[Answers, list[tuple[Markup, str]]]]:
    """Each of several targets, with its pictures."""
    if isinstance(answers, str):
        return []
    return [(one, _draw_answers(one)) for one in answers.of_targets()]


def _reasons(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Why trials failed, the commonest first."""
    failed = (trial.reason for trial in snapshot.trials if trial.state.name == "FAIL")
    return Counter(str(reason) for reason in failed if reason).most_common(_REASONS_SHOWN)
