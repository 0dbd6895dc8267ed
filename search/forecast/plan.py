"""Forecast a study by name: from its own trials where there are any, from a calibration where there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from search.errors import InputError
from search.forecast.calibration import calibrate
from search.forecast.forecast import Forecast, forecast_from_costs, forecast_from_study
from search.given.asked import Rows, named, spoken, staged_settings
from search.machine.temporary import temporary_folder
from search.policies.pruners import build_pruner
from search.policies.samplers import build_sampler
from search.settings.data_options import option_of
from search.settings.own_policies import is_own
from search.settings.settings import StudySettings, load_settings
from search.settings.study_name import check_study_name, quote_name
from search.study.baselines import planned_baselines
from search.study.data_cache import prepare_data
from search.study.study import load_study, study_names
from spaces import AUTO, load_space
from spaces.errors import did_you_mean
from storage import StorageURL

_MAY_CHANGE = ("trials", "workers", "timeout")


def plan_study(
    name: str | None,
    url: StorageURL,
    config: Path | None,
    given: Mapping[str, object],
    say: Callable[[str], None],
) -> tuple[Forecast, StudySettings]:
    """What study `name` will still take, or a new one, and the settings that this holds for.

    Args:
        name: None, or a name that no study has, asks for a new one.
        config: the settings file of a new one.
        given: what the user said of the settings; None where nothing was said.

    Raises:
        InputError, SpaceError: as for `run`; or the study is there and has too few trials or all of them, or
            another setting was given than those that may change; or there is neither a study nor data.
    """
    said = {key: value for key, value in given.items() if value is not None}
    if name is not None:
        check_study_name(name)
        names = study_names(url)
        if name in names:
            return _of_existing(name, url, said, say)
        if not said and config is None:
            raise InputError(
                f"plan: no study {quote_name(name)} in {url}{did_you_mean(name, names)}; "
                "give --data and the options of `run` to plan a new one"
            )
    return _of_new(load_settings(config, said), say)


def plan_rows(
    data: Rows, y: Any, config: Path | None, given: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[Forecast, StudySettings]:
    """As `plan_study` of a new one, with rows, and perhaps a space, that are objects.

    Raises:
        InputError, SpaceError: as for `plan_study`; or rows are none, or do not go together.
    """
    with temporary_folder() as folder, staged_settings(data, y, given, folder) as (told, staged):
        here = {name: str(one.file) for name, one in staged.items()}
        with named([*staged.values()]):
            forecast, settings = _of_new(load_settings(config, told | here), say)
    words = spoken(settings.data, [*staged.values()])
    return forecast, settings.model_copy(update={"data": words})


def _refuse_folds(settings: StudySettings) -> None:
    if settings.folds is not None:
        raise InputError(
            "plan: a study of folds cannot be forecast yet; plan it without --folds: it takes at most "
            f"{settings.folds} times as long, and less the more trials its first folds end"
        )


def _say_of_pruner(settings: StudySettings, say: Callable[[str], None]) -> None:
    if is_own(settings.pruner):
        say(
            "note: what a pruner of your own ends is not known before; the forecast takes every trial as whole"
        )


def _of_new(settings: StudySettings, say: Callable[[str], None]) -> tuple[Forecast, StudySettings]:
    _refuse_folds(settings)
    if settings.model is not None:
        raise InputError(
            "plan: a network of your own cannot be forecast before it has trials; run a few, then plan that study"
        )
    if settings.callbacks:
        say("note: callbacks are not called in a forecast, so what they take is left out")
        settings = settings.model_copy(update={"callbacks": ()})
    settings = settings.with_absolute_paths()
    build_sampler(settings, 0)
    build_pruner(settings)
    _say_of_pruner(settings, say)
    space = None if settings.space == AUTO else load_space(settings.space)
    spec = prepare_data(settings).spec
    settings = settings.for_data(spec.kind)
    space, _ = (space or load_space(settings.space)).restricted_to(spec.task, spec.kind, spec.components)
    planned_baselines(settings, space)
    costs = calibrate(settings, say)
    return replace(forecast_from_costs(costs, settings, space, spec), split=spec.split), settings


def _of_existing(
    name: str, url: StorageURL, given: Mapping[str, object], say: Callable[[str], None]
) -> tuple[Forecast, StudySettings]:
    refused = [option_of(key) for key in given if key not in _MAY_CHANGE]
    if refused:
        raise InputError(
            f"plan: study '{name}' is in {url}, so its forecast comes from its trials; expected only "
            f"--trials, --workers or --timeout beside its name, but got {', '.join(refused)}; "
            "leave the name out to plan a new study"
        )
    study = load_study(name, url)
    _refuse_folds(study.settings)
    settings = study.settings.changed({"timeout": None, **given})
    finished = len(study.finished())
    if finished >= settings.trials:
        raise InputError(
            f"plan: study '{name}' has {finished} finished trials of {settings.trials}, so nothing is left; "
            f"--trials {finished + 50} asks what 50 more would take"
        )
    _say_of_pruner(settings, say)
    forecast = forecast_from_study(study, settings)
    if forecast is None:
        raise InputError(
            f"plan: study '{name}' has {finished} finished trials, expected at least 3 beside the "
            "first of each worker; wait for them, or plan without a name, with the options of `run`"
        )
    return replace(forecast, split=study.data.split), settings
