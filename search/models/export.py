"""The study's model as one file that Keras opens by itself, and its facts as JSON beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.machine.writing import check_place, refuse_to_replace, written_whole
from search.models.facts_file import facts_beside
from search.models.intervals import Intervals
from search.models.kept_model import kept_model
from search.models.refit import refit as refitted
from search.models.replay import retrain, retrain_on_folds
from search.models.saved_model import OpenModel
from search.models.threshold import decision_sentence, threshold_of_trial, with_threshold
from search.models.validation_answers import intervals_of_kept, intervals_of_model
from search.study.at_best import beside
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.study.unchanged import unchanged_data
from search.training.decision import Decision
from search.training.environment import program_version

if TYPE_CHECKING:
    import keras


ModelFacts = Mapping[str, Any]


def export_model(
    study: Study,
    output: Path,
    number: int | None = None,
    say: Callable[[str], None] = lambda remark: None,
    *,
    force: bool = False,
    threshold: Decision | float | None = None,
    refit: bool | None = None,
) -> tuple[Path, Path]:
    """Write the model of the best trial, or of trial `number`, to `output` (.keras) and its facts to .json.

    The best trial's model was kept when it was trained. Any other trial is trained again with its own seed, and so
    is one whose file is gone. The second of two classes is answered above `threshold`, where one is given, else as the
    trial's validation rows fitted it.

    Of a study of folds it is a `refit`, the configuration trained on all rows of the folds, or the mean of the networks
    of the folds; where nothing is said, a refit, if the study's data is there.

    Raises:
        InputError: a `refit` is asked of a study of one split, or of data that is not as it was; the study has no
            complete trial, there is no such trial, or `output` cannot be written or holds what is not an earlier
            export of this study.
    """
    if refit and study.settings.folds is None:
        raise InputError(
            f"--refit: study '{study.name}' has one split, whose validation rows say when a training stops; a refit is "
            "of a study of --folds; leave it out"
        )
    check_output(output, force=force, ours=lambda facts: exported_before(facts, study))
    trial = study.complete_trial(number)
    kept = kept_model(study, trial)
    if kept is not None and not kept.is_file():
        say(f"the model that was kept of trial {trial.number}, {kept}, is gone: it is trained again")
        kept = None
    elif kept is None and (origin := trial.adopted) is not None and origin.can_be_retrained:
        say(
            f"trial {trial.number} is {origin.words()}, whose model did not come along: it is trained again "
            f"(`perceptuna export {origin.study} --trial {origin.trial}` writes the same)"
        )
    answered_by = threshold_of_trial(trial, study) if threshold is None else threshold
    if isinstance(answered_by, Decision):
        of_folds = study.settings.folds is not None
        say(decision_sentence(answered_by, study.data.class_names[1], of_folds=of_folds))
    facts = with_threshold(facts_of(study, trial), answered_by)
    if study.settings.folds is not None and refit is not False:
        try:
            return _write_refit(study, trial, kept, output, facts, say)
        except InputError as error:
            if refit:
                raise
            say(
                f"the mean of the folds' networks is written, since it could not be trained on all rows: {error}"
            )
    if kept is None:
        model, intervals = _trained_again(study, trial)
        return write_model(output, with_intervals(facts, intervals), model)
    intervals = intervals_of_kept(study, kept)
    if intervals is None and study.data.task == "regression":
        say("the study's data is not there as it was, so the model is written without prediction intervals")
    return write_model(output, with_intervals(facts, intervals), kept)


def write_model(output: Path, facts: ModelFacts, model: Path | keras.Model) -> tuple[Path, Path]:
    """Both files. Killed at any moment, it leaves no model beside facts that are not its own.

    Raises:
        InputError: the disk takes no more.
    """
    beside = facts_beside(output)
    # Left in the other order: the facts get their name before the model.
    with written_whole(output) as new, written_whole(beside) as told:
        if isinstance(model, Path):
            shutil.copyfile(model, new)
        else:
            model.save(new)
        told.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        output.unlink(missing_ok=True)
    return output, beside


def check_output(output: Path, *, force: bool = False, ours: Callable[[ModelFacts], bool]) -> None:
    """Refuse a path that cannot be written, or where something is that is not `ours` to renew, by its facts.

    Raises:
        InputError: see `search.machine.writing`.
    """
    check_place(output, [".keras"])  # first, as `/` has no name that another ending could follow
    beside = facts_beside(output)
    check_place(beside, [".json"])
    refuse_to_replace([output, beside], force=force, ours=lambda: ours(_read_facts(beside)))


def _read_facts(path: Path) -> ModelFacts:
    """What is in a file that may be none of ours; nothing where it is none."""
    with suppress(OSError, ValueError):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(facts, dict) and "perceptuna" in facts:
            return facts
    return {}


def exported_before(facts: ModelFacts, study: Study) -> bool:
    """Whether these are of a model of `study` that `export` wrote: one that was tested stays."""
    return facts.get("study") == study.name and "conclusion" not in facts


def refuse_folds(study: Study, option: str) -> None:
    """Raises InputError: `option` is about one network, and a model of `study` is the mean of those of its folds."""
    if study.settings.folds is not None:
        raise InputError(
            f"{option}: a model of study '{study.name}' is the mean of the networks of its {study.settings.folds} "
            f"folds already; leave {option} out"
        )


def with_intervals(facts: ModelFacts, intervals: Intervals | None) -> dict[str, Any]:
    """The facts of a model with its prediction intervals, where it has some."""
    return {**facts, **({"intervals": intervals.model_dump(mode="json")} if intervals else {})}


def _write_refit(
    study: Study,
    trial: TrialRecord,
    kept: Path | None,
    output: Path,
    facts: ModelFacts,
    say: Callable[[str], None],
) -> tuple[Path, Path]:
    """Its intervals are of the folds' networks, each by the rows that it was not trained on."""
    made, intervals = refitted(study, trial, say), None
    if study.data.task == "regression":
        intervals = intervals_of_kept(study, kept) if kept else _trained_again(study, trial)[1]
    return write_model(output, with_intervals({**facts, **made.facts()}, intervals), made.model)


def _trained_again(study: Study, trial: TrialRecord) -> tuple[keras.Model, Intervals | None]:
    data = unchanged_data(study, study.settings)
    if study.settings.folds is not None:
        results = retrain_on_folds(study, trial)
        from search.training.of_folds import mean_of_folds

        model = mean_of_folds(results)
    else:
        from search.data import attach_preprocessing

        model = attach_preprocessing(retrain(study, trial, data=data).model, study.data)
    return model, intervals_of_model(OpenModel(model, study.data), data, study.settings.folds)


def facts_of(study: Study, trial: TrialRecord) -> dict[str, Any]:
    """What is told beside the model of a trial."""
    data = study.data
    training = {
        **{name: getattr(trial, name) for name in ("best_epoch", "epochs", "parameters", "seconds", "seed")},
        "gap": trial.at_best("gap"),
    }
    return {
        "study": study.name,
        "trial": trial.number,
        "metric": study.metric,
        "value": trial.value,
        **beside(study.metric, trial.stored),
        "hyperparameters": trial.hyperparameters(study.space).named,
        **_folds(study, trial),
        "training": {name: fact for name, fact in training.items() if fact is not None},
        "task": data.task,
        "class_names": data.class_names,
        "data": json.loads(data.model_dump_json()),
        "perceptuna": program_version(),
    }


def _folds(study: Study, trial: TrialRecord) -> dict[str, Any]:
    """How many networks are averaged in the model, and what each reached on the rows it was not trained on."""
    if study.settings.folds is None:
        return {}
    values = trial.reported
    return {"folds": {"of": study.settings.folds, "values": values}}
