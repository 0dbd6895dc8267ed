"""The learning curve of one trial: a PNG for people, a CSV for programs."""

from __future__ import annotations

import csv
from pathlib import Path

History = dict[str, list[float]]


def write_history_csv(path: Path, history: History) -> None:
    """One row per epoch, counted from 1; one column per log, in Keras's names."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
            writer.writerow([epoch, *values])


def write_learning_curve(path: Path, history: History, metric: str, best_epoch: int, title: str) -> None:
    """Loss, and the metric where it is another, for train and validation rows, with the best epoch marked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(["loss", metric.removeprefix("val_")]))
    figure = Figure(figsize=(4.2 * len(names), 3.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)  # the object-oriented interface: no global state, safe in a worker's thread
    epochs = range(1, len(history["loss"]) + 1)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        axes.plot(epochs, history[name], label="train", linestyle="--", color="#7a7a7a")
        axes.plot(epochs, history[f"val_{name}"], label="validation", color="#1f77b4")
        axes.axvline(best_epoch, color="#d62728", linewidth=0.8, label=f"best epoch {best_epoch}")
        axes.set(xlabel="epoch", ylabel=name, title=f"{title}: {name}")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    figure.savefig(path)
