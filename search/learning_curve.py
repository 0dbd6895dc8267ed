"""The learning curve of one trial: a PNG for people, a CSV for programs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

History = dict[str, list[float]]


def write_history_csv(path: Path, history: History) -> None:
    """One row per epoch, counted from 1; one column per log, in Keras's names."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
            writer.writerow([epoch, *values])


class LearningCurve:
    """Draws the learning curves of one study: the metric above the loss, train and validation, best epoch marked.

    The figure is made once and drawn again with other data for each trial rather than a new one, which costs more.
    The panels stand one above the other since the dashboard shows artifacts in narrow cards.
    """

    def __init__(self, metric: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._names = list(dict.fromkeys([metric.removeprefix("val_"), "loss"]))
        self._figure = Figure(figsize=(4.2, 2.6 * len(self._names)), dpi=110)
        FigureCanvasAgg(self._figure)  # no pyplot: no global state, safe outside the main thread
        self._panels = self._figure.subplots(len(self._names), 1, sharex=True, squeeze=False)[:, 0]
        self._figure.subplots_adjust(left=0.16, right=0.97, top=0.93, bottom=0.1, hspace=0.1)
        for axes, name in zip(self._panels, self._names, strict=True):
            axes.set_ylabel(name)
            axes.grid(alpha=0.3)
        self._panels[-1].set_xlabel("epoch")

    def write(self, path: Path, history: History, best_epoch: int, title: str) -> None:
        """A PNG at `path`."""
        epochs = range(1, len(history["loss"]) + 1)
        self._panels[0].set_title(f"{title}: best epoch {best_epoch}", fontsize=11)
        drawn = [self._draw(index, epochs, history, best_epoch) for index in range(len(self._names))]
        self._panels[0].legend(loc="best", fontsize=9)
        self._figure.savefig(path)
        for line in [line for lines in drawn for line in lines]:
            line.remove()

    def _draw(self, index: int, epochs: Sequence[int], history: History, best_epoch: int) -> list:  # type: ignore[type-arg]
        axes, name = self._panels[index], self._names[index]
        axes.set_prop_cycle(None)
        axes.relim()
        marker = "." if len(epochs) < 3 else None  # a line of one point would not be seen
        train = axes.plot(epochs, history[name], "--", color="#777777", label="train", marker=marker)
        validation = axes.plot(
            epochs, history[f"val_{name}"], color="#1f77b4", label="validation", marker=marker
        )
        best = axes.axvline(best_epoch, color="#d62728", linewidth=0.8)
        axes.autoscale()
        return [*train, *validation, best]
