"""Figures as SVG that belongs to a page: its colours are the page's, its points say what they are.

matplotlib draws with stand-in colours. They are replaced by CSS variables, so that one figure serves light pages,
dark pages and paper; text stays text in the page's font; each point gets a `<title>`, which browsers show on
hovering without any script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from search.text.printable import printable_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID, ACCENT, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    ACCENT: "var(--accent)",
    PAPER: "var(--paper)",
}
ON_PAPER = {
    "var(--ink)": "#1b1f24",
    "var(--muted)": "#59626c",
    "var(--line)": "#e2e5e9",
    "var(--accent)": "#1d5bb8",
    "var(--paper)": "#ffffff",
}
"""The colours of a light page, for a figure that stands in none."""
NARROW = 5.8
"""Inches of a figure that stands on a phone, where its smallest text is still read; 72 units of SVG each."""
WIDE = 10.5
"""Inches of a figure that scrolls on a phone."""

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "perceptuna",
    "text.parse_math": False,  # a name may hold a dollar sign
    "axes.unicode_minus": True,
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.2,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "hatch.linewidth": 0.8,
}


@contextmanager
def page_style() -> Iterator[None]:
    """Figures made and drawn inside look like the page."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure in inches, without pyplot's global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


class Tips:
    """What the marks of one figure say when the pointer rests on them."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}

    def add(self, artist: Any, texts: Sequence[str]) -> None:
        """One text for each mark of `artist`, in the order in which they were given to matplotlib."""
        group = f"tips-{len(self._texts)}"
        artist.set_gid(group)
        self._texts[group] = list(texts)

    def marks(
        self, axes: Axes, xs: Sequence[float], ys: Sequence[float], texts: Sequence[str], **style: Any
    ) -> None:
        """Draw marks, also those at the edge in full, each with its text."""
        (drawn,) = axes.plot(xs, ys, linestyle="none", clip_on=False, **style)
        self.add(drawn, texts)

    def put_into(self, svg: ElementTree.Element) -> None:
        for group in svg.iter(f"{_SVG}g"):
            texts = self._texts.get(group.get("id", ""))
            if texts is not None:
                # A line is one path, marks are uses of a path that is defined once.
                marks = list(group.iter(f"{_SVG}use")) or list(group.iter(f"{_SVG}path"))
                for mark, text in zip(marks, texts, strict=True):
                    ElementTree.SubElement(mark, f"{_SVG}title").text = clean(text)


def add_legend(figure: Figure) -> None:
    """Below the figure: what is drawn in any of its panels, each label once."""
    found = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=4)


def clean(text: str) -> str:
    """`text` with control characters escaped, and without what XML cannot hold."""
    return re.sub(r"[^\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", printable_lines(text))


class Drawing(Markup):
    """The `<svg>` element of a figure, which stands in a page, and the `figure` itself, in stand-in colours."""

    figure: Figure


def to_svg(figure: Figure, name: str, label: str, tips: Tips | None = None) -> Drawing:
    """The `<svg>` element of `figure`, to stand in a page.

    Args:
        name: unlike that of any other figure of the page; it begins every id.
        label: what a screen reader says in place of the picture.
    """
    written = StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    ElementTree.register_namespace("", _SVG.strip("{}"))
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    svg = ElementTree.fromstring(written.getvalue())
    if tips is not None:
        tips.put_into(svg)
    _make_part_of_a_page(svg, name)
    svg.set("role", "img")
    svg.set("aria-label", clean(label))
    # All text of the figure was escaped when the elements were written.
    drawing = Drawing(ElementTree.tostring(svg, encoding="unicode"))
    drawing.figure = figure
    return drawing


def on_paper(figure: Figure) -> Figure:
    """`figure` in the colours of a light page, in place of those that stand in for them."""
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from matplotlib.contour import ContourSet
    from matplotlib.text import Text

    halos = [halo for text in figure.findobj(Text) if (halo := text.get_bbox_patch()) is not None]
    for artist in [*figure.findobj(), *halos]:
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            now, change = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
            if now is not None and change is not None and (colours := _on_paper(now())) is not None:
                change(colours)
        if isinstance(artist, ContourSet):  # which draws its areas anew in the colours of its map
            artist.set_cmap(ListedColormap([_paper(ACCENT)] * artist.cmap.N))
        if isinstance(artist, Axes):  # ticks that are to come
            artist.tick_params(
                which="both",
                color=_paper(MUTED),
                labelcolor=_paper(INK),
                grid_color=_paper(GRID),
            )
    return figure


def _paper(stand_in: str) -> str:
    return ON_PAPER[_VARIABLES[stand_in]]


def _on_paper(colours: Any) -> Any:
    """One colour or several, (n, 4), with stand-ins replaced; None where there are none among them."""
    import numpy as np
    from matplotlib.colors import to_rgb, to_rgba_array

    found = to_rgba_array(colours)
    changed = found.copy()
    for stand_in in _VARIABLES:
        changed[np.isclose(found[:, :3], to_rgb(stand_in), atol=1e-4).all(axis=1), :3] = to_rgb(
            _paper(stand_in)
        )
    if (changed == found).all():
        return None
    return changed[0] if len(changed) == 1 else changed


def alone(svg: str) -> str:
    """A figure of a page as a file of its own: programs that draw SVG know no variables of a page."""
    for variable, colour in ON_PAPER.items():
        svg = svg.replace(variable, colour)
    style = 'style="background: #ffffff; max-width: 100%" font-family="sans-serif" overflow="visible"'
    return svg.replace("<svg ", f"<svg {style} ", 1)


def _make_part_of_a_page(svg: ElementTree.Element, name: str) -> None:
    for attribute in ("width", "height", "version"):
        svg.attrib.pop(attribute, None)
    for parent in svg.iter():
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    referred: set[str] = set()
    for element in svg.iter():
        for key, value in element.attrib.items():
            if key in ("style", "fill", "stroke"):
                value = _in_page_colours(value)
            if key in (_XLINK, "href") and value.startswith("#"):
                referred.add(value[1:])
                value = f"#{name}-{value[1:]}"
            for target in re.findall(r"url\(#([^)]+)\)", value):
                referred.add(target)
                value = value.replace(f"url(#{target})", f"url(#{name}-{target})")
            element.set(key, value)
    for element in svg.iter():
        identity = element.attrib.pop("id", None)
        if identity in referred:
            element.set("id", f"{name}-{identity}")


def _in_page_colours(style: str) -> str:
    for stand_in, variable in _VARIABLES.items():
        style = style.replace(stand_in, variable)
    # matplotlib names its own font for every text; the page has one.
    return re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", style)
