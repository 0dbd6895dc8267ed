"""Metrics by how often a class is answered, is there, and both; 0 where there is nothing to divide by.

`labels` and `answers` are class numbers, (rows,). Of two classes, the second is what is looked for. What each row adds
to a metric is its influence, (rows,) of mean 0: how it would move if there were more rows of that kind (the delta
method; Efron & Tibshirani 1993, ch. 21). A row of `weights` counts as so many rows, and means are weighted.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Counted:
    """Answers for rows of `classes` classes, counted."""

    def __init__(self, labels: Array, answers: Array, classes: int, weights: Array | None = None) -> None:
        self.labels, self.answers, self.right, self.weights = labels, answers, labels == answers, weights
        of_right = None if weights is None else weights[self.right]
        self.of_right, self.of_labels, self.of_answers = (
            np.bincount(of, weighed, minlength=classes).astype(np.float64)
            for of, weighed in ((labels[self.right], of_right), (labels, weights), (answers, weights))
        )

    @property
    def rows(self) -> float:
        return len(self.labels) if self.weights is None else float(self.weights.sum())

    def precision(self) -> float:
        """Of the rows that were answered with the second class, the share that is of it."""
        return float(ratio(self.of_right, self.of_answers)[1])

    def recall(self) -> float:
        """Of the rows of the second class, the share that was answered with it."""
        return float(ratio(self.of_right, self.of_labels)[1])

    def f1(self) -> float:
        """Twice what is right of both precision's and recall's rows; of more than two classes, the mean over them.

        A class that is neither there nor answered does not count.
        """
        of_each, there = self._f1()
        return float(of_each[1] if len(of_each) == 2 else of_each[there].mean())

    def balanced_accuracy(self) -> float:
        """The mean over the classes that are there of the share of their rows that is right."""
        return float(ratio(self.of_right, self.of_labels)[self.of_labels > 0].mean())

    def mcc(self) -> float:
        """The correlation of answers and labels of two classes (Matthews 1975), from -1 to 1."""
        label, answer = self._deviations()
        size = math.sqrt(self._product(label, label)) * math.sqrt(self._product(answer, answer))
        return self._product(label, answer) / size if size else 0.0

    def parts_of_precision(self) -> Array:
        return self._parts_of_ratio(self.answers, self.precision())

    def parts_of_recall(self) -> Array:
        return self._parts_of_ratio(self.labels, self.recall())

    def parts_of_f1(self) -> Array:
        of_each, there = self._f1()
        if len(of_each) == 2:
            return self._parts_of_ratio((self.labels + self.answers) / 2, float(of_each[1]))
        half = np.where(there, (self.of_labels + self.of_answers) / self.rows, 1.0)
        of_answer = of_each[self.answers] / half[self.answers]
        gained = (2 * self.right - of_each[self.labels]) / half[self.labels] - of_answer
        return np.asarray(gained / there.sum())

    def parts_of_balanced_accuracy(self) -> Array:
        recall = ratio(self.of_right, self.of_labels)
        there = self.of_labels > 0
        gained = (
            (self.right - recall[self.labels]) * self.rows / np.where(there, self.of_labels, 1.0)[self.labels]
        )
        return np.asarray(gained / there.sum())

    def parts_of_mcc(self) -> Array:
        label, answer = self._deviations()
        if not self._product(label, label) or not self._product(answer, answer):
            return np.zeros(len(self.labels))
        label, answer = (of / self._deviation(of) for of in (label, answer))
        return np.asarray(label * answer - self.mcc() * (label**2 + answer**2) / 2)

    def _f1(self) -> tuple[Array, Array]:
        """Of each class, and whether it counts."""
        both = self.of_labels + self.of_answers
        return ratio(2 * self.of_right, both), both > 0

    def _deviations(self) -> tuple[Array, Array]:
        return self.labels - self._mean(self.labels), self.answers - self._mean(self.answers)

    def _deviation(self, values: Array) -> float:
        """Of values whose mean is 0."""
        return float(values.std()) if self.weights is None else math.sqrt(self._mean(values**2))

    def _mean(self, values: Array) -> float:
        return float(np.average(values, weights=self.weights))

    def _product(self, one: Array, other: Array) -> float:
        return float(one @ other if self.weights is None else (self.weights * one) @ other)

    def _parts_of_ratio(self, counted: Array, ratio: float) -> Array:
        """Of what is right of the second class, over rows that are `counted` as 1, 1/2 or 0."""
        whole = self._mean(counted)
        if not whole:
            return np.zeros(len(self.labels))
        found = self.right & (self.labels == 1)
        return np.asarray((found - ratio * counted) / whole)


def ratio(part: Array, whole: Array) -> Array:
    """0 where nothing is divided by."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
