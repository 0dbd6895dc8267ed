"""The figures of a report as objects: a notebook shows them, and a file keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from search.analysis.report import comparisons, figures, landscape
from search.analysis.report.drawing import Drawing, alone, on_paper, page_style
from search.analysis.report.front_figure import front
from search.analysis.report.snapshot import Snapshot, snapshot_of
from search.analysis.report.timeline import timeline
from search.errors import InputError
from search.machine.writing import check_place, refuse_to_replace, written_whole
from spaces import did_you_mean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from search.study.study import Study

_MARK = "<!-- drawn by perceptuna -->\n"
_CURVES = 6
# What each needs to be drawn.
_NEEDS = {
    "history": "a trial with a value",
    "front": "several aims, and a complete trial",
    "importance": "trials enough to tell what mattered",
    "curves": "a complete trial whose learning curve is there",
    "parallel": "two complete trials, and parameters that vary",
    "slice": "two complete trials, and a parameter that varies",
    "contour": "two complete trials, and two parameters that vary",
    "timeline": "a trial that has begun",
    "gap": "a trial whose metric on train rows was kept",
}


class Picture:
    """A figure as SVG: `svg` is a file of its own, whose marks say what they are where the pointer rests on them.

    `figure` is matplotlib's, to be changed or to be saved as something else.
    """

    def __init__(self, name: str, svg: str, figure: Figure) -> None:
        self.name = name
        self.svg = svg
        self.figure = figure

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write it to `path`, which ends in .svg; a picture that was written there before is replaced.

        Raises:
            InputError: `path` cannot be written, or holds something else, and not `force`.
        """
        file = Path(path)
        check_place(file, [".svg"])
        refuse_to_replace([file], force=force, ours=lambda: _is_ours(file))
        with written_whole(file) as new:
            new.write_text(_MARK + self.svg, encoding="utf-8")
        return file

    def __repr__(self) -> str:
        return f"<picture of a study: {self.name}>"

    def _repr_html_(self) -> str:
        return f'<div style="background: #ffffff; max-width: 46rem">{self.svg}</div>'

    def _repr_svg_(self) -> str:
        return self.svg


def picture(study: Study, name: str, parameters: Sequence[str] = ()) -> Picture:
    """The figure `name` of `study` as it is now; a slice is of `parameters`, or of the two most important.

    Raises:
        InputError: nothing can be drawn yet, or a parameter is not in the study's space.
    """
    known = list(study.space.parameters)
    for parameter in parameters:
        if parameter not in known:
            hint = did_you_mean(parameter, known)
            raise InputError(
                f"study '{study.name}' has no parameter {parameter!r}{hint}; it has {', '.join(known)}"
            )
    drawers: dict[str, Callable[[Snapshot], Drawing | None]] = {
        "history": figures.history,
        "front": front,
        "importance": comparisons.importance,
        "curves": figures.curves,
        "parallel": landscape.parallel,
        "slice": partial(figures.slices, names=parameters),
        "contour": landscape.contour,
        "timeline": timeline,
        "gap": comparisons.gap,
    }
    with page_style():
        drawn = drawers[name](snapshot_of(study, _CURVES))
    if drawn is None:
        raise InputError(f"study '{study.name}' cannot be drawn so yet: {name} needs {_NEEDS[name]}")
    return Picture(name, alone(str(drawn)), on_paper(drawn.figure))


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MARK)) == _MARK.encode()
    except OSError:
        return False
