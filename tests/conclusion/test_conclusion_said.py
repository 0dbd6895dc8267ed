"""What is said of a conclusion: winner or tie, what was left out, what a look at the test split is worth."""

from __future__ import annotations

from typing import Any

import pytest

from search.conclusion.confirmation.record import Conclusion, Standing
from search.conclusion.confirmation.words import behind, left_out, steps, verdict
from search.conclusion.confirmation.words_of_looks import opened, warnings
from search.study.look import Look

LOOK = Look(
    number=1,
    date="2026-11-24T10:00:00",
    by="ann on desk, process 7",
    trial=3,
    companion="one.finalize",
    trained=25,
    rows=270,
    value=0.93,
    interval=(0.893, 0.955),
)


def standing(trial: int, mean: float, parameters: int, **changes: Any) -> Standing:
    values = {
        "trial": trial,
        "what": "64-64 relu",
        "parameters": parameters,
        "search": mean + 0.01,
        "values": {7: mean - 0.004, 8: mean + 0.004},
        "mean": mean,
        "deviation": 0.006,
        "interval": (mean - 0.011, mean + 0.011),
    }
    return Standing.model_validate({**values, **changes})


def conclusion(*standings: Standing, winner: int, **changes: Any) -> Conclusion:
    values = {
        "metric": "val_accuracy",
        "direction": "maximize",
        "seeds": [7, 8],
        "standings": list(standings),
        "dropped": {},
        "by_rows": False,
        "leader": standings[0].trial,
        "winner": winner,
        "companion": "one.finalize",
        "final_trial": 25,
        "final_validation": 0.94,
        "test": LOOK,
        "cost_of_search": 0.01,
        "cost_of_validation": 0.02,
        "searched": 50,
    }
    return Conclusion.model_validate({**values, **changes})


BEST = standing(3, 0.95, 9000)
BEHIND = {"behind": 0.021, "behind_over_seeds": (0.015, 0.027), "p": 0.01}


def test_a_winner_that_is_really_better() -> None:
    worse = [standing(trial, 0.929, 500, tied=False, **BEHIND) for trial in (5, 6)]
    result = conclusion(BEST, *worse, winner=3)
    assert verdict(result) == "Trial 3 is really better than each of the other 2 candidates: 2 seeds show it."
    assert verdict(conclusion(BEST, worse[0], winner=3, by_rows=True)) == (
        "Trial 3 is really better than the other candidate: 2 seeds and the validation rows show it."
    )
    assert behind(worse[0], "val_accuracy") == "2.1 ± 0.6 points"
    assert behind(BEST, "val_accuracy") == "best mean"


def test_a_tie_that_the_smaller_wins() -> None:
    tied = [standing(trial, 0.929, size, **BEHIND) for trial, size in ((5, 500), (6, 800))]
    assert verdict(conclusion(BEST, *tied, winner=5)) == (
        "A tie: 2 seeds cannot tell trials 5 and 6 from trial 3, which has the best mean. "
        "The smallest of them, trial 5 with 500 parameters, wins; its mean is 2.1 points worse."
    )


def test_a_tie_whose_leader_is_the_smallest() -> None:
    told = verdict(conclusion(BEST, standing(5, 0.929, 10_000, **BEHIND), winner=3))
    assert told.endswith("It is the smallest of them too, with 9,000 parameters, and wins.")


def test_a_tie_that_the_smallest_does_not_win() -> None:
    tied = [standing(trial, 0.929, size, **BEHIND) for trial, size in ((5, 500), (6, 800))]
    assert verdict(conclusion(BEST, *tied, winner=6)).endswith(
        "The smallest within a standard error of it, trial 6 with 800 parameters, wins; "
        "its mean is 2.1 points worse."
    )
    assert verdict(conclusion(BEST, *tied, winner=3)).endswith(
        "It wins: the smaller ones are more than a standard error behind it."
    )


def test_what_one_is_behind_has_the_wider_of_both_intervals() -> None:
    over_rows = standing(5, 0.929, 500, **BEHIND, behind_over_rows=(0.001, 0.041))
    assert behind(over_rows, "val_accuracy") == "2.1 ± 2.0 points"


def test_a_candidate_alone_and_one_that_was_left_out() -> None:
    why = {5: "1 of 2 seeds ended without a value: the loss is not finite"}
    result = conclusion(BEST, winner=3, dropped=why)
    assert verdict(result) == "Trial 3 was the only candidate, so there was nothing to compare it with."
    assert left_out(result) == [f"Trial 5 was not compared: {why[5]}."]


def test_search_confirmed_and_test_with_the_gaps_between() -> None:
    assert steps(conclusion(BEST, winner=3)) == [
        ("search", "96.0 %", ""),
        ("confirmed on 2 seeds", "95.0 ± 1.1 %", "1.0 points worse than in the search"),
        ("test, 270 rows", "93.0 % (89.3 to 95.5)", "2.0 points worse than confirmed"),
    ]
    better = steps(conclusion(BEST, winner=3, cost_of_search=0.0, cost_of_validation=-0.02))
    assert [gap for _, _, gap in better] == [
        "",
        "the same as in the search",
        "2.0 points better than confirmed",
    ]


def test_what_a_look_is_worth() -> None:
    again, third = (LOOK.model_copy(update={"number": number, "trained": number}) for number in (2, 3))
    found = [LOOK, again, third]
    assert opened(LOOK, [LOOK]) == "The test split was opened once, for this value."
    assert opened(LOOK, found) == "The test split was opened for this value first, and 2 times since."
    told = "The test split was opened once before this value, which is no longer that of unseen data."
    assert opened(again, found) == told
    # A conclusion of an earlier version counted the looks of its own study alone.
    assert opened(again.model_copy(update={"number": 1}), found) == told


def test_a_look_is_warned_of_also_when_it_ended_before_its_value_was_told() -> None:
    assert warnings([], {}) == []
    killed = LOOK.model_copy(update={"value": None})
    assert warnings([killed, LOOK], {"other": 3}) == [
        "the test split of this study was opened 2 times before (2026-11-24 10:00:00 by ann on desk, process 7, "
        "trial 3: not told; 2026-11-24 10:00:00 by ann on desk, process 7, trial 3: 0.9300)",
        "study 'other' has the same test split and opened it 3 times",
    ]


def test_a_conclusion_is_the_same_after_a_round_trip_through_json() -> None:
    result = conclusion(BEST, standing(5, 0.929, 500, **BEHIND), winner=5)
    assert Conclusion.model_validate_json(result.model_dump_json()) == result
    with pytest.raises(ValueError, match="version"):
        Conclusion.model_validate({**result.model_dump(), "version": 2})
