"""Start a study: check everything, then lock, prepare and drive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.data import namesake_note
from search.errors import InputError
from search.running.drive import Finish, drive
from search.running.fleet import begun_meanwhile, fleet_of
from search.running.own_code import check_own_code, check_policies, space_for, try_own_code
from search.settings.aims import aims_in_words, check_aims, choose_aims
from search.settings.chosen_metric import (
    check_metric_exists,
    choose_metric,
    compared_by,
    remark_on_accuracy,
    remark_on_default,
)
from search.settings.folds import check_folds, folds_in_words, what_folds_would_buy
from search.settings.settings import StudySettings
from search.settings.study_name import check_study_name
from search.study.baselines import known_first, planned_baselines
from search.study.creation import already_there, create_study, is_half_made
from search.study.data_cache import prepare_data
from search.study.study import Study, resume_command, study_names
from search.text.formats import plural
from search.training.memory import check_memory_limit
from search.training.precision import precision_note, resolve_precision
from search.versions.adoption import adopt, space_left_by
from spaces import AUTO, DataKind, load_baselines, load_space
from storage import StorageURL, check_database, study_lock

if TYPE_CHECKING:
    from search.driving.dispatcher import Listeners

_THESE: dict[DataKind, str] = {
    "image": "these are images",
    "vector": "these are vectors",
    "table": "this is a table",
}


def start(
    name: str,
    url: StorageURL,
    settings: StudySettings,
    listeners: Listeners,
    cluster: str | None = None,
    earlier: Study | None = None,
    allow_different: bool = False,
    *,
    references: bool = True,
    weigh_cost: bool = True,
) -> Finish:
    """Create a study and drive it to its budget. Whatever is wrong with the input is found before anything is written.

    Args:
        cluster: address of a Dask cluster whose workers train, in place of processes of this machine.
        earlier: the study whose trials this one takes over, as far as they fit.
        allow_different: also where its values are not comparable.
        references, weigh_cost: as for `drive`.

    Raises:
        InputError, SpaceError, DatabaseUnusable: the user's input is wrong.
        StudyBusy: somebody else is creating it right now.
    """
    check_study_name(name)
    check_folds(settings, cluster)
    settings = settings.with_absolute_paths()
    if earlier is not None and (settings.model or earlier.settings.model):
        raise InputError("--from: trials of a network of your own are not taken over; leave --from out")
    space = space_left_by(earlier, settings) if earlier else None
    check_choices(settings, space=space is None)
    check_database(url, create=True)
    refuse_taken(name, url)
    with begun_meanwhile(cluster, settings, listeners.said) as begun:
        listeners.said(f"reading {settings.data} …")
        data = prepare_data(settings, before_training=settings.trains_here)
        precision = resolve_precision(settings.precision, data.spec)
        given, settings = settings, settings.for_data(data.spec.kind)
        # Trials that are taken over guide the search from its start, as known configurations do.
        known_too = settings.known and earlier is None and settings.model is None
        if settings.model is not None:
            precision = "float32"
        settings = settings.model_copy(update={"precision": precision, "known": known_too})
        space = space or load_space(settings.space)
        metric = choose_metric(settings.metric, data.spec)
        settings = settings.model_copy(update={"aims": choose_aims(settings.aims, metric, data.spec)})
        check_memory_limit(settings.memory_limit, data.spec)
        space = space_for(settings, space)
        try_own_code(space, data.spec, settings.callbacks)
        space, notes = space.restricted_to(data.spec.task, data.spec.kind, data.spec.components)
        plan = planned_baselines(settings, space)
        known = known_first(settings, space, data.spec, len(plan))
        if decided := _decided(given, settings, data.spec.kind, len(known)):
            listeners.said(decided)
        if data.spec.split:
            listeners.said(data.spec.split)
        if of_folds := folds_in_words(settings, data.spec) or what_folds_would_buy(settings, data.spec):
            listeners.said(of_folds)
        of_precision = precision_note(settings.precision)
        of_metric = (remark_on_accuracy if settings.metric else remark_on_default)(metric, data.spec)
        for note in [namesake_note(settings.data), *data.spec.notes, *notes, of_precision, of_metric]:
            if note:
                listeners.said(f"note: {note}")
        listeners.said(compared_by(metric))
        if settings.aims:
            listeners.said(aims_in_words(settings.aims))
        adoption = None
        if earlier is not None:
            adoption = adopt(earlier, settings, space, data.spec, metric, allow_different=allow_different)
            for remark in adoption.remarks:
                listeners.said(remark)
        fleet = fleet_of(
            cluster, url, settings, data, say=listeners.said, go_on=resume_command(name, url), begun=begun
        )
        with study_lock(url, name) as lock:
            study = create_study(name, url, settings, space, data.spec, [*plan, *known], adoption=adoption)
            return drive(study, lock, data, fleet, listeners, references=references, weigh_cost=weigh_cost)


def check_choices(settings: StudySettings, *, space: bool = True) -> None:
    """Whether there is all that the settings name: `space`, baselines, sampler, pruner, metric; and nothing rules out
    folds.

    Reads no data.

    Raises:
        InputError, SpaceError, TomlError: something is not.
    """
    check_folds(settings)
    check_own_code(settings)
    if space and settings.space != AUTO:
        load_space(settings.space)
    if settings.baselines is not None:
        load_baselines(settings.baselines)
    check_policies(settings)
    check_aims(settings.aims, settings.sampler)
    check_metric_exists(settings.metric)


def _decided(given: StudySettings, settings: StudySettings, kind: DataKind, known: int) -> str:
    """What the kind of the data decided: `this is a table: space tables, 60 epochs, 4 known configurations first`."""
    words = [f"space {settings.space}"] * (given.space != settings.space)
    words += [f"{settings.epochs} epochs"] * (given.epochs != settings.epochs)
    words += [f"{plural(known, 'known configuration')} first"] * (known > 0)
    return f"{_THESE[kind]}: {', '.join(words)}" if words else ""


def refuse_taken(name: str, url: StorageURL) -> None:
    """A study of that name is resumed, not started.

    Raises:
        InputError: it is there, whole.
    """
    if name in study_names(url) and not is_half_made(name, url):
        raise already_there(name, url)
