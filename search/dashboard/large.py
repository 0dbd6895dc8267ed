"""Studies of thousands of trials: an answer that is made once, and that a browser can draw.

optuna-dashboard makes the answer anew for every page: 48 MB and 7 s at 10,000 trials (benchmarks/dashboard.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from bottle import request, response

if TYPE_CHECKING:
    from bottle import Bottle, Route
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

MANY_TRIALS = 1000
CURVES = 50
"""Trials of a large study whose reports of each epoch go to the page."""


class LargeStudies:
    """Keeps the answer of a study's page, as text, until something in the study changes.

    Of a study of more than `MANY_TRIALS`, the best and the newest `CURVES` / 2 trials keep their reports of each
    epoch: the page draws a line for each trial that has some, and takes minutes over ten thousand lines.
    """

    name, api = "perceptuna-large-studies", 2

    def __init__(self, app: Bottle, storage: BaseStorage) -> None:
        self._app = app
        self._storage = storage
        self._answers: dict[int, tuple[object, str]] = {}
        self._lock = threading.Lock()

    def apply(self, view: Callable[..., Any], route: Route) -> Callable[..., Any]:
        if (route.method, route.rule) != ("GET", "/api/studies/<study_id:int>"):
            return view

        def kept(study_id: int) -> Any:
            trials = self._trials(study_id)
            if len(trials) <= MANY_TRIALS:
                return view(study_id)
            if request.params.get("after", "0") != "0":
                return thinned_curves(self._seen(view, study_id), trials)
            return self._whole(study_id, trials, view)

        return kept

    def _whole(self, study_id: int, trials: list[FrozenTrial], view: Callable[..., Any]) -> Any:
        # One page at a time makes it: the others wait for what it makes.
        with self._lock:
            state = self._state(study_id, trials)
            known, answer = self._answers.get(study_id, (None, ""))
            if known != state:
                # The dashboard's own trials may be ten seconds old, and this answer is for longer.
                self._app._inmemory_cache._trials_last_fetched_at.pop(study_id, None)
                detail = thinned_curves(self._seen(view, study_id), trials)
                if not isinstance(detail, dict) or "trials" not in detail:
                    return detail
                answer = json.dumps(detail, separators=(",", ":"))
                self._answers = {study_id: (state, answer)}  # of one study: it is large
        response.content_type = "application/json"
        return answer

    def _trials(self, study_id: int) -> list[FrozenTrial]:
        try:
            return self._storage.get_all_trials(study_id, deepcopy=False)
        except KeyError:
            return []

    def _state(self, study_id: int, trials: list[FrozenTrial]) -> object:
        """Equal as long as the answer would be."""
        open_ = [
            (trial.number, trial.state, len(trial.intermediate_values), len(trial.user_attrs))
            for trial in trials
            if not trial.state.is_finished()
        ]
        attributes = self._storage.get_study_system_attrs(study_id)
        return len(trials), open_, self._storage.get_study_user_attrs(study_id), attributes

    def _seen(self, view: Callable[..., Any], study_id: int) -> Any:
        """The dashboard's own answer; what it learned of the parameters of trials that have ended, it keeps.

        It remembers from which trial on it has to look, but only where one has not ended, and else looks at all
        of them for every answer.
        """
        cache = self._app._inmemory_cache
        before = cache._trials_cache.get(study_id, [])
        detail = view(study_id)
        with cache._cached_extra_study_property_cache_lock:
            known = cache._cached_extra_study_property_cache.get(study_id)
            if known is not None and before:
                open_ = (trial.number for trial in before if not trial.state.is_finished())
                known._cursor = min(open_, default=before[-1].number)
        return detail


def thinned_curves(detail: Any, trials: list[FrozenTrial]) -> Any:
    """`detail`, the dashboard's answer of a study, with the reports of some trials alone."""
    if not isinstance(detail, dict) or "trials" not in detail:
        return detail
    keep = _kept(trials, sign=-1 if detail["directions"] == ["maximize"] else 1)
    for trial in detail["trials"]:
        if trial["number"] not in keep:
            trial["intermediate_values"] = []
    return detail


def _kept(trials: list[FrozenTrial], sign: int) -> set[int]:
    """Numbers of the best and the newest trials, and of those that have not ended."""
    complete = [trial for trial in trials if trial.state.name == "COMPLETE" and trial.values]
    best = sorted(complete, key=lambda trial: (sign * (trial.values or [0.0])[0], trial.number))
    newest: Iterable[FrozenTrial] = trials[-CURVES // 2 :]
    chosen = {trial.number for trial in [*best[: CURVES // 2], *newest]}
    return chosen | {trial.number for trial in trials if not trial.state.is_finished()}
