"""What is kept of trials and studies is read again as it was written, and what other programs wrote is tolerated."""

from __future__ import annotations

import json

import optuna
import pytest
from optuna.trial import TrialState

from search.errors import InputError
from search.study.origin import Origin, Predecessor
from search.study.planned_trial import PlannedTrial
from search.study.study_record import StudyFacts, StudyRecord, attributes_of_study
from search.study.trial_facts import TrialFacts, attributes_of
from search.study.trial_record import TrialRecord, TrialRecords, trial_record
from search.training.stop_reason import Stop, StopReason
from spaces import Hyperparameters

PLANNED = PlannedTrial(label="known", hyperparameters=Hyperparameters(width=16), epochs=4, seed=7)
FACTS: TrialFacts = {
    "original_number": 3,
    "planned": PLANNED,
    "adopted": Origin(study="old", trial=2, epochs=9, patience=3, different=("data",)),
    "times_lost": 1,
    "requeued": "its worker died",
    "infeasible": "needs 9 GB",
    "epochs": 5,
    "parameters": 1000,
    "seconds": 1.25,
    "stop_reason": Stop(StopReason.PRUNED, 5),
    "seed": 2**32 - 1,
    "host": "here",
    "process": 12,
    "environment": {"numpy": "2"},
    "best_epoch": 4,
    "at_best": {"accuracy": 0.75, "val_accuracy": 0.5, "gap": 0.25},
    "reason": "ValueError: no",
    "traceback": "…",
}


def kept(facts: TrialFacts) -> TrialRecord:
    """What is read of a trial with these facts, after their way through a database."""
    stored = json.loads(json.dumps(attributes_of(facts)))
    return trial_record(optuna.trial.create_trial(value=0.5, user_attrs=stored))


def test_every_fact_of_a_trial_is_read_as_it_was_written() -> None:
    record = kept(FACTS)
    others = {"original_number": "original", "stop_reason": "stop"}
    for name, fact in FACTS.items():
        if name == "at_best":
            assert {metric: record.at_best(metric) for metric in FACTS["at_best"]} == fact
        elif name == "traceback":
            assert record.stored[name] == fact
        else:
            assert getattr(record, others.get(name, name)) == fact


def test_a_trial_without_facts_is_its_own_first_attempt_by_the_sampler() -> None:
    record = kept({})
    assert (record.original, record.times_lost, record.environment) == (record.number, 0, {})
    assert (record.planned, record.adopted, record.stop) == (None, None, None)
    assert (record.counts, record.was_trained, record.is_comparable) == (True, True, True)


@pytest.mark.parametrize("name", ["requeued", "infeasible", "adopted"])
def test_a_trial_whose_end_is_not_its_own_does_not_count(name: str) -> None:
    record = kept({name: FACTS[name]})  # type: ignore[literal-required,misc]
    assert not record.counts
    assert record.was_trained is (name == "adopted")


def test_trials_of_other_programs_are_read_whatever_their_attributes_are() -> None:
    odd = {"planned": True, "adopted": [1], "stop_reason": 3, "epochs": "many", "environment": "mine"}
    record = trial_record(optuna.trial.create_trial(values=[0.5, 0.6], user_attrs=odd))
    assert (record.value, record.counts, record.stop) == (0.5, False, Stop("3"))


def test_a_trial_that_runs_is_read_anew_and_one_that_has_ended_once() -> None:
    study = optuna.create_study()
    trial, records = study.ask(), TrialRecords()
    before = records.all(study.trials)[0]
    study.tell(trial, 1.0)
    after = records.all(study.trials)[0]
    assert (before.state, after.state) == (TrialState.RUNNING, TrialState.COMPLETE)
    assert records.of(study.trials[0]) is after


def test_every_fact_of_a_study_is_read_as_it_was_written() -> None:
    facts: StudyFacts = {
        "identity": "one",
        "metric": "val_loss",
        "plan": [PLANNED],
        "companion_of": "other",
        "companion_about": "two",
        "go_on": "perceptuna finalize other",
        "continues": Predecessor(study="old", trials=3, of=4, numbers=5),
        "artifact_folder": "/there",
        "stop_requested": True,
        "constant": 0.5,
    }
    record = StudyRecord("study 'one'", json.loads(json.dumps(attributes_of_study(facts))))
    assert {name: getattr(record, name) for name in facts} == facts
    assert not record.is_incomplete


def test_a_study_of_another_program_says_which_it_is() -> None:
    record = StudyRecord("study 'theirs' in x.db", {"metric": 3, "owner": "somebody"})
    assert (record.known_metric, record.plan, record.go_on, record.is_incomplete) == (None, [], None, False)
    with pytest.raises(InputError, match=r"^study 'theirs' in x\.db was not made by perceptuna"):
        record.refuse_foreign()
