"""Studies of thousands of trials: pages that a browser can draw.

optuna-dashboard sends every trial to every page: 48 MB at 10,000 trials, which its server writes in 7 s and a browser
draws in 11 s (benchmarks/dashboard.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bottle import Bottle, Route, request, response
from optuna.storages import BaseStorage

from search.analysis.facts.best_so_far import best_numbers
from search.dashboard.excerpt import BEST, NEWEST, Excerpt
from search.settings.metrics import Direction
from search.study.trial_record import TrialRecord, TrialRecords

MANY_TRIALS = 1000
CURVES = 50
"""Trials of a large study whose reports of each epoch go to the page, besides those that run."""

SHOWN_HEADER = "Perceptuna-Shown"
"""Tells page.js which excerpt a page has; it comes back as `shown` with each later question of that page."""

_SHOWN = (
    f"the best {BEST}, the newest {NEWEST}, each that beat all before it, those that have not ended, and an even "
    f"sample; {CURVES} of them, and those that run, with the reports of each epoch. Importances and perceptuna's own "
    "plots are of all trials. With trials?numbers=5,17 in the address those are shown as well, with ?numbers=all "
    "every trial, slowly."
)


class LargeStudies:
    """Shows an excerpt of a study of more than `MANY_TRIALS` trials, and says so in its title and attributes.

    Of these, the best and the newest `CURVES` / 2 keep their reports of each epoch: the page draws a line for each
    trial that has some.
    """

    name, api = "perceptuna-large-studies", 2

    def __init__(self, app: Bottle, storage: BaseStorage) -> None:
        self._app = app
        self._storage = storage
        self._records = TrialRecords()

    def apply(self, view: Callable[..., Any], route: Route) -> Callable[..., Any]:
        if (route.method, route.rule) != ("GET", "/api/studies/<study_id:int>"):
            return view

        def excerpt(study_id: int) -> Any:
            trials = self._trials(study_id)
            after, shown = request.query.get("after", "0"), request.query.get("shown", "")
            # A page that was opened when the study was small has all of it, and goes on so.
            if not after.isdecimal() or (not shown if int(after) else len(trials) <= MANY_TRIALS):
                return view(study_id)
            # The dashboard need not write trials down for the answer to be made here.
            request["QUERY_STRING"] = f"after={len(trials)}"
            detail = self._seen(view, study_id, trials)
            if not isinstance(detail, dict) or "trials" not in detail:
                return detail
            try:
                return self._excerpt(study_id, detail, trials, int(after), shown)
            except ValueError:
                response.status = 400
                return {
                    "reason": f"`shown` should be the header {SHOWN_HEADER} of an answer, but is {shown!r}"
                }

        return excerpt

    def _excerpt(
        self, study_id: int, detail: dict[str, Any], trials: list[TrialRecord], after: int, shown: str
    ) -> dict[str, Any]:
        """`detail`, the dashboard's answer without trials, with those that are shown from the `after`-th on."""
        from optuna_dashboard._serializer import serialize_frozen_trial

        linked = {trial["number"] for trial in detail["best_trials"]}
        excerpt = Excerpt.parse(shown) if after else _opened(trials, shown, linked)
        direction: Direction = detail["directions"][0]
        chosen = excerpt.of(trials, direction)
        curves = _with_curves(chosen, direction) | excerpt.wanted
        attributes = self._storage.get_study_system_attrs(study_id)
        detail["trials"] = [
            serialize_frozen_trial(study_id, trial.optuna, attributes) for trial in chosen[after:]
        ]
        for written in detail["trials"]:
            if written["number"] not in curves:
                written["intermediate_values"] = []
        part = f"{len(chosen):,} of {len(trials):,} trials"
        detail["name"] += f", {part}"  # the title of each of its pages
        detail["user_attrs"].insert(0, {"key": "shown", "value": f"{part}: {_SHOWN}"})
        response.set_header(SHOWN_HEADER, str(excerpt))
        return detail

    def _trials(self, study_id: int) -> list[TrialRecord]:
        try:
            return self._records.all(self._storage.get_all_trials(study_id, deepcopy=False))
        except KeyError:
            return []

    def _seen(self, view: Callable[..., Any], study_id: int, trials: list[TrialRecord]) -> Any:
        """The dashboard's own answer; what it learned of the parameters of trials that have ended, it keeps.

        It remembers from which trial on it has to look, but only where one has not ended, and else looks at all
        of them for every answer. `trials` were read before it looks.
        """
        cache = self._app._inmemory_cache
        before = cache._trials_cache.get(study_id) or trials
        detail = view(study_id)
        with cache._cached_extra_study_property_cache_lock:
            known = cache._cached_extra_study_property_cache.get(study_id)
            if known is not None and before:
                open_ = (trial.number for trial in before if not trial.state.is_finished())
                known._cursor = min(open_, default=before[-1].number)
        return detail


def _opened(trials: Sequence[TrialRecord], named: str, linked: set[int]) -> Excerpt:
    """For a page that is being opened, whose address names trials as `3,14` or `all`, and which links to others."""
    if named == "all":
        return Excerpt.whole()
    return Excerpt.now(trials, linked.union(int(word) for word in named.split(",") if word.isdecimal()))


def _with_curves(trials: Sequence[TrialRecord], direction: Direction) -> set[int]:
    """Numbers of the best and the newest of `trials`, and of those that have not ended."""
    open_ = (trial.number for trial in trials if not trial.state.is_finished())
    newest = (trial.number for trial in trials[-CURVES // 2 :])
    return {*best_numbers(trials, direction, CURVES // 2), *newest, *open_}
