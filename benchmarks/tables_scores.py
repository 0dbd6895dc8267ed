"""Scores of `benchmarks.tables` on test rows, and the tables that are made of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np

# Every probability is at least this: one sure answer that is wrong costs 16 and not infinitely much.
LEAST = 1e-7
AGAINST = "hist_gradient_boosting"
SEARCHED = "lightgbm_searched"
# By which models are compared; of both, less is better.
JUDGED_BY = {"classification": "cross_entropy", "regression": "rmse"}


def of_each_class(answers: np.ndarray) -> np.ndarray:
    """(rows, classes) of what a network answers, which of two classes is the second one alone."""
    return np.concatenate([1 - answers, answers], axis=1) if answers.shape[1] == 1 else answers


def scores(truth: np.ndarray, answers: np.ndarray, classes: list[str]) -> dict[str, float]:
    """Of `answers` (rows, classes), probabilities in the order of `classes`; without classes (rows,), quantities.

    A class that a model has never seen has the probability 0.
    """
    if not classes:
        errors = answers - truth
        return {"rmse": float(np.sqrt(np.mean(errors**2))), "mae": float(np.mean(np.abs(errors)))}
    places = {name: place for place, name in enumerate(classes)}
    known = np.array([places.get(str(name), -1) for name in truth])
    shares = answers / answers.sum(axis=1, keepdims=True)
    of_truth = np.where(known >= 0, shares[np.arange(len(truth)), known], 0.0)
    found = {
        "cross_entropy": float(-np.log(np.maximum(of_truth, LEAST)).mean()),
        "accuracy": float((shares.argmax(axis=1) == known).mean()),
    }
    if len(classes) == 2:
        from sklearn.metrics import roc_auc_score

        found["auc"] = float(roc_auc_score(known == 1, shares[:, 1]))
    return found


def markdown(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A table for each table of rows, then one of all of them; rows of failures are left out."""
    ended = [row for row in rows if "scores" in row]
    for table in dict.fromkeys(row["table"] for row in ended):
        yield from _one_table(table, [row for row in ended if row["table"] == table])
    yield from _all_tables(ended)


def _one_table(table: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    metrics = list(rows[0]["scores"])
    yield f"**{table}**, test rows: {rows[0]['test_rows']:,}"
    yield ""
    yield f"| | {' | '.join(metrics)} | to {AGAINST} | CPU s | wall s | seeds |"
    yield "|---" * (len(metrics) + 5) + "|"
    of_models = _of_models(rows)
    for model, of_it in of_models.items():
        cells = [_spread([row["scores"][metric] for row in of_it]) for metric in metrics]
        cells.append(f"{_ratio(of_it, of_models[AGAINST]):.3f}" if AGAINST in of_models else "")
        cells += [f"{statistics.median(row[key] for row in of_it):.0f}" for key in ("cpu", "wall")]
        yield f"| {model} | {' | '.join(cells)} | {len(of_it)} |"
    yield ""


def _all_tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Ratios to boosted trees of the medians over the seeds: geometric mean, least and most over the tables."""
    ratios, searched = _ratios_to(AGAINST, rows), _ratios_to(SEARCHED, rows)
    yield f"| to {AGAINST} | classes: cross-entropy | quantities: RMSE | better on | than {SEARCHED} |"
    yield "|---|---|---|---|---|"
    for model, of_tasks in ratios.items():
        means = " | ".join(_mean(of_task) for of_task in of_tasks.values())
        yield f"| {model} | {means} | {_wins(of_tasks)} | {_wins(searched.get(model, {}))} |"


def _ratios_to(other: str, rows: list[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Of each model, by task, one of each table that `other` has been tried on."""
    ratios: dict[str, dict[str, list[float]]] = {}
    for table in dict.fromkeys(row["table"] for row in rows):
        of_models = _of_models([row for row in rows if row["table"] == table])
        for model, of_it in of_models.items():
            if other in of_models:
                of_tasks = ratios.setdefault(model, {task: [] for task in JUDGED_BY})
                of_tasks[of_it[0]["task"]].append(_ratio(of_it, of_models[other]))
    return ratios


def _wins(of_tasks: dict[str, list[float]]) -> str:
    every = [ratio for of_task in of_tasks.values() for ratio in of_task]
    return f"{sum(ratio < 1 for ratio in every)} of {len(every)}" if every else ""


def _of_models(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    models = dict.fromkeys(row["model"] for row in rows)
    return {model: [row for row in rows if row["model"] == model] for model in models}


def _ratio(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> float:
    metric = JUDGED_BY[ours[0]["task"]]
    of_ours, of_theirs = (statistics.median(row["scores"][metric] for row in side) for side in (ours, theirs))
    return of_ours / of_theirs


def _mean(ratios: list[float]) -> str:
    if not ratios:
        return ""
    return f"{statistics.geometric_mean(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f})"


def _spread(values: list[float]) -> str:
    """Median, and least and most where there are several: 4 digits."""
    middle, least, most = (f"{value:.4g}" for value in (statistics.median(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least}–{most})"
