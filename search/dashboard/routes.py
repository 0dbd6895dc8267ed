"""What perceptuna adds to optuna-dashboard's own routes, as plugins of its framework (bottle).

A plugin wraps the function behind a route: it sees which study is meant and the answer before it is JSON, so that
nothing is parsed twice, and no spelling of an address leads past it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from bottle import HTTPResponse, Route, request, response
from optuna.artifacts import FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.trial import TrialState

from search.dashboard.plots import plots_of
from search.errors import InputError
from search.settings.metrics import Direction
from search.study.look import keep_looks_of
from search.study.study import Study, load_study
from search.study.study_record import record_of
from search.study.trial_record import TrialRecords
from storage import StorageError, StorageURL, study_lock
from storage.study_storage import StudyStorage

View = Callable[..., Any]


class StudyPlots:
    """Adds perceptuna's plots to the answer of a study's page, made when the page asks.

    So they are true while a study runs, cost its driver nothing, and are there for studies of any age. Stored, as
    `save_plotly_graph_object` does it, they would be 50 attributes of the study that every reader of it reads, and
    a page could meet them half written.
    """

    name, api = "perceptuna-plots", 2

    def __init__(self, storage: StudyStorage, url: StorageURL) -> None:
        self._storage = storage
        self._url = url
        self._records = TrialRecords()
        self._made: dict[int, tuple[int, list[dict[str, str]]]] = {}
        self._lock = threading.Lock()

    def apply(self, view: View, route: Route) -> View:
        if (route.method, route.rule) != ("GET", "/api/studies/<study_id:int>"):
            return view

        def with_plots(study_id: int) -> Any:
            detail = view(study_id)
            if isinstance(detail, dict) and "plotly_graph_objects" in detail:
                detail["plotly_graph_objects"] += self.of(study_id)
                _break_lines(detail["user_attrs"])
                self._name_comparable_best(study_id, detail)
            return detail

        return with_plots

    def _name_comparable_best(self, study_id: int, detail: dict[str, Any]) -> None:
        """In place of the dashboard's own best, which may be an earlier study's, on other data."""
        from optuna_dashboard._serializer import serialize_frozen_trial

        trials = self._storage.get_all_trials(study_id, deepcopy=False)
        if len(detail["directions"]) != 1 or all(trial.is_comparable for trial in self._records.all(trials)):
            return
        study = load_study(self._storage.get_study_name_from_id(study_id), self._url, self._storage)
        best, attributes = study.best_trial(), self._storage.get_study_system_attrs(study_id)
        detail["best_trials"] = (
            [] if best is None else [serialize_frozen_trial(study_id, best.optuna, attributes)]
        )

    def of(self, study_id: int) -> list[dict[str, str]]:
        """In the dashboard's form, of several aims by the first; made anew only when another trial has ended."""
        metric = record_of(self._storage, study_id).known_metric
        directions = self._storage.get_study_directions(study_id)
        if metric is None:
            return []
        direction: Direction = "maximize" if directions[0].name == "MAXIMIZE" else "minimize"
        trials = self._storage.get_all_trials(study_id, deepcopy=False)
        ended = sum(trial.state.is_finished() for trial in trials)
        with self._lock:
            known, made = self._made.get(study_id, (-1, []))
            if known != ended:
                figures = plots_of(self._records.all(trials), metric, direction)
                made = [
                    {"id": name, "graph_object": json.dumps(figure, allow_nan=False)}
                    for name, figure in figures.items()
                ]
                self._made[study_id] = ended, made
            return made


def _break_lines(attributes: list[dict[str, str]]) -> None:
    """Put spaces into stored JSON: a table with one long word makes the page wider than the screen."""
    for attribute in attributes:
        if attribute["value"].startswith(("{", "[")):
            with contextlib.suppress(ValueError):
                attribute["value"] = json.dumps(json.loads(attribute["value"]), ensure_ascii=False)


class WhileDriven:
    """Refuses, with 409, to delete a study that a driver has, and to tell one of its trials.

    The study's lock is held meanwhile, so that no driver starts on a study that is just being deleted. What it alone
    remembers of looks at its test split is kept first.
    """

    name, api = "perceptuna-while-driven", 2
    _OF_STUDY = ("DELETE", "/api/studies/<study_id:int>")
    _OF_TRIAL = ("POST", "/api/trials/<trial_id:int>/tell")

    def __init__(self, storage: StudyStorage, url: StorageURL) -> None:
        self._storage = storage
        self._url = url

    def apply(self, view: View, route: Route) -> View:
        if (route.method, route.rule) == self._OF_STUDY:
            return lambda study_id: self._alone(self._name(study_id), lambda: self._delete(view, study_id))
        if (route.method, route.rule) == self._OF_TRIAL:
            return lambda trial_id: self._alone(self._study_of(trial_id), lambda: view(trial_id))
        return view

    def _alone(self, study: str | None, change: Callable[[], Any]) -> Any:
        """`change()` while nobody drives `study`; None stands for one that is not there."""
        if study is None:
            return change()
        lock = study_lock(self._url, study)
        try:
            lock.acquire()
        except StorageError as error:
            response.status = 409
            return {"reason": str(error)}
        try:
            return change()
        finally:
            lock.release()

    def _delete(self, view: View, study_id: int) -> Any:
        if (name := self._name(study_id)) is not None:
            keep_looks_of(self._storage, name, record_of(self._storage, study_id))
        return view(study_id)

    def _name(self, study_id: int) -> str | None:
        with contextlib.suppress(KeyError):
            return self._storage.get_study_name_from_id(study_id)
        return None

    def _study_of(self, trial_id: int) -> str | None:
        """The study of a trial that has not ended."""
        for study in self._storage.get_all_studies():
            open_ = self._storage.get_all_trials(
                study._study_id, deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)
            )
            if any(trial._trial_id == trial_id for trial in open_):
                return self._name(study._study_id)
        return None


Rename = Callable[[Study, str], object]


class Renaming:
    """Renames a study in place, and its companions with it.

    The dashboard's own way copies the trials into a new study and deletes the old one: that loses the best model, and
    what was concluded about the study. `rename` gives the study its name, wherever else that stands.
    """

    name, api = "perceptuna-renaming", 2

    def __init__(self, storage: StudyStorage, url: StorageURL, rename: Rename) -> None:
        self._storage = storage
        self._url = url
        self._rename_study = rename

    def apply(self, view: View, route: Route) -> View:
        if (route.method, route.rule) == ("POST", "/api/studies/<study_id:int>/rename"):
            return self._rename
        return view

    def _rename(self, study_id: int) -> dict[str, Any]:
        from optuna_dashboard._serializer import serialize_frozen_study
        from optuna_dashboard._storage import get_study

        asked = request.json
        wanted = asked.get("study_name") if isinstance(asked, dict) else None
        try:
            study = load_study(self._storage.get_study_name_from_id(study_id), self._url, self._storage)
            self._rename_study(study, str(wanted or ""))
        except KeyError:
            response.status = 404
            return {"reason": f"study_id={study_id} is not found"}
        except InputError as error:
            response.status = 400
            return {"reason": str(error)}
        except StorageError as error:
            response.status = 409
            return {"reason": str(error)}
        renamed = get_study(self._storage, study_id)
        assert renamed is not None
        response.status = 201
        return serialize_frozen_study(renamed)


class LastingArtifacts(FileSystemArtifactStore):
    """The files in `folder`, and in the folders that `elsewhere` names when one is not there.

    It opens a folder only when asked for a file: looking makes none.
    """

    def __init__(self, folder: Path, elsewhere: Callable[[], list[Path]] = list) -> None:
        super().__init__(folder)
        self._elsewhere = elsewhere

    def open_reader(self, artifact_id: str) -> BinaryIO:
        try:
            return super().open_reader(artifact_id)
        except ArtifactNotFound:
            for folder in self._elsewhere():
                with contextlib.suppress(ArtifactNotFound):
                    return FileSystemArtifactStore(folder).open_reader(artifact_id)
            raise

    def remove(self, artifact_id: str) -> None:
        """Also of a file that is gone already: one lost file must not keep a study from being deleted."""
        with contextlib.suppress(ArtifactNotFound):
            super().remove(artifact_id)
        for folder in self._elsewhere():
            with contextlib.suppress(ArtifactNotFound):
                FileSystemArtifactStore(folder).remove(artifact_id)


class LostFiles:
    """Answers 404 for an artifact whose file is gone, which the dashboard takes for a fault of its own."""

    name, api = "perceptuna-lost-files", 2

    def apply(self, view: View, route: Route) -> View:
        if not route.rule.startswith("/artifacts/"):
            return view

        def found(**which: Any) -> Any:
            try:
                return view(**which)
            except ArtifactNotFound:
                return HTTPResponse(
                    "the file of this artifact is gone\n", 404, {"Content-Type": "text/plain"}
                )

        return found
