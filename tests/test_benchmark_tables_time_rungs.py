"""Trials compared after as many seconds of training: a decision by curves alone."""

from __future__ import annotations

import pytest

from benchmarks.tables_time_rungs import Curve, falls_behind, rung_seconds


def curve(*values: float, each: float = 1.0) -> Curve:
    return Curve(values, [each] * len(values))


def test_what_was_reached_is_the_best_of_the_epochs_that_ended_by_then() -> None:
    falling = curve(5.0, 3.0, 4.0, 2.0, each=2.0)
    assert [falling.reached(at, "minimize") for at in (1.9, 2.0, 7.9, 8.0, 99.0)] == [
        None,
        5.0,
        3.0,
        2.0,
        2.0,
    ]
    assert falling.reached(99.0, "maximize") == 5.0


def test_the_rung_is_where_the_middle_one_of_ended_trials_has_a_third_of_its_epochs() -> None:
    ended = [curve(*[1.0] * 9, each=each) for each in (1.0, 2.0, 10.0)]
    assert rung_seconds(ended, epochs=9) == 6.0
    assert rung_seconds(ended[:2], epochs=9) is None
    assert rung_seconds([*ended[:2], curve(1.0, 1.0)], epochs=9) is None  # it never came so far


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_a_slow_network_is_compared_with_what_fast_ones_had_by_then(direction: str, sign: float) -> None:
    """After an epoch of three seconds: the fast ones have had three."""
    fast = [curve(*(sign * (start - epoch) for epoch in range(9))) for start in (9.0, 9.1, 9.2)]

    def ended(value: float, *others: Curve) -> bool:
        slow = curve(sign * value, each=3.0)
        return falls_behind(slow, others or fast, rung=3.0, epochs=9, direction=direction)  # type: ignore[arg-type]

    assert ended(8.0)
    assert not ended(7.0)
    assert not ended(7.1)  # second of four
    assert ended(7.15)
    assert not ended(7.0, fast[0])  # as good as the better one of two
    assert ended(7.5, fast[0])


def test_it_is_compared_once_at_the_first_epoch_that_ends_after_the_rung() -> None:
    rivals = [curve(1.0, 1.0, 1.0, 1.0), curve(1.0, 1.0, 1.0, 1.0)]
    ended = [
        falls_behind(curve(*[9.0] * epochs), rivals, rung=1.5, epochs=9, direction="minimize")
        for epochs in range(6)
    ]
    assert ended == [False, False, True, False, False, False]


def test_none_is_ended_in_the_second_half_of_its_epochs() -> None:
    rivals = [curve(1.0), curve(1.0)]
    late = curve(9.0, 9.0, 9.0, 9.0, 9.0)
    assert falls_behind(late, rivals, rung=5.0, epochs=10, direction="minimize")
    assert not falls_behind(late, rivals, rung=5.0, epochs=9, direction="minimize")


def test_a_rival_that_ended_before_counts_with_all_of_it() -> None:
    assert falls_behind(
        curve(2.0, each=8.0), [curve(3.0, 1.0), curve(3.0, 1.5)], rung=8.0, epochs=9, direction="minimize"
    )


def test_a_rival_whose_first_epoch_takes_longer_is_none() -> None:
    slow = [curve(1.0, each=20.0), curve(1.0, each=30.0)]
    assert not falls_behind(curve(2.0, each=8.0), slow, rung=8.0, epochs=9, direction="minimize")
