"""A service with something of everything that its pages show, without a process: for tests and pictures of them."""

from __future__ import annotations

import math
import random
import time

from service_fakes import made_study

from search.references.record import Reference, References
from search.service.queue import QueuedStudy
from search.service.service import Service
from search.service.states import State
from search.study.study_record import keep_study_facts

PAGES = {
    "studies": "/",
    "running": "/studies/house-prices",
    "queued": "/studies/churn-2026",
    "failed": "/studies/sensors",
    "shell": "/studies/digits",
    "new": "/new",
    "compare": "/compare?study=house-prices&study=digits",
    "missing": "/studies/nothing",
}
"""Paths of pages by the names of their pictures."""


def furnish(service: Service) -> None:
    """Studies of anna and ben, and one of a shell; nobody drives any of them."""
    chance = random.Random(0)
    values = [0.97 - 0.3 * math.exp(-number / 12) - 0.05 * chance.random() for number in range(60)]
    for name in ("house-prices", "digits"):
        study = made_study(service, name, values)
        fitted = [
            Reference(name=model, metrics={"accuracy": value}, seconds=seconds)
            for model, value, seconds in (
                ("constant", 0.1, 0.0),
                ("linear", 0.91, 0.4),
                ("trees", 0.942, 3.1),
            )
        ]
        keep_study_facts(study.optuna, {"references": References(models=tuple(fitted))})
    now = time.time()
    about = "the second try, without the columns that only the sale knows"
    for study in (
        QueuedStudy("house-prices", "anna", "{}", 200, state=State.RUNNING, slots=2, began=now, note=about),
        QueuedStudy("churn-2026", "ben", "{}", 50, priority=-5),
        QueuedStudy("sensors", "anna", "{}", 100, state=State.FAILED, reason=_REASON),
        QueuedStudy("a-name-that-is-as-long-as-somebody-in-a-hurry-makes-it-" + "x" * 40, "ben", "{}", 20),
    ):
        assert service.queue.add(study)


_REASON = "--target: no column 'Temprature' in sensors.csv (did you mean 'temperature'?)"
