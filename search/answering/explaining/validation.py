"""Explain a study's best model by the study's validation rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from search.answering.explaining.explaining import Rows, answered, chosen, explain
from search.data.preparing.as_read import validation_as_read
from search.data.rows.raw import taken
from search.data.rows.scratch import scratch_in
from search.errors import InputError
from search.models.saved_model import model_of_study, open_model
from search.models.validation_answers import validation_answers
from search.study.data_cache import cache_folder
from search.study.unchanged import unchanged_data

if TYPE_CHECKING:
    from search.answering.explaining.explanation import Explanation
    from search.study.study import Study

CHOSEN_BY = (
    "these are the validation rows, which chose this trial among others and the epoch that it stopped at: expect new "
    "rows to be answered somewhat worse"
)


def explain_study(study: Study, threads: int) -> Explanation:
    """Of the model that is kept of the best trial.

    Raises:
        InputError: no model is kept, the study is about another one, or its data is not what it was started with.
    """
    if study.companion_of is not None:
        raise InputError(
            f"study '{study.name}' has trainings about study '{study.companion_of}'; ask for that one: "
            f"`perceptuna show {study.companion_of} --model{study.url.option}`"
        )
    if study.settings.folds is not None:
        raise InputError(
            f"the model of study '{study.name}' is the mean of the networks of {study.settings.folds} folds, and all "
            "of the study's rows but the test rows have trained some of them; ask by rows that are new: "
            f"`perceptuna evaluate {study.name} ROWS{study.url.option}`"
        )
    saved = model_of_study(study)
    data = unchanged_data(study, study.settings)
    model = open_model(saved, threads)
    answers, y = validation_answers(model, data)
    rows = replace(
        answered(np.arange(len(y)), y, answers, data.spec, model.threshold), weights=data.validation_weights()
    )
    looked, wrong = chosen(rows, model)
    with scratch_in(cache_folder()):
        raw = validation_as_read(study.settings.data_request()) if data.spec.kind != "image" else None
    of_looked, of_wrong = (Rows(None if raw is None else taken(raw, of)) for of in (looked, wrong))
    return explain(model, saved.metric, rows, (looked, of_looked), (wrong, of_wrong), numbered=False)
