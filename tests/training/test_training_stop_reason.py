"""Why a training ended, as studies keep it: text that is written and read by two inverse functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.training.stop_reason import Stop, StopReason

STOPS = st.builds(Stop, st.sampled_from(StopReason), st.none() | st.integers(0, 10**9 - 1))


@given(STOPS)
def test_what_is_written_is_read_again(stop: Stop) -> None:
    assert Stop.read(stop.text()) == stop
    assert isinstance(Stop.read(stop.text()).reason, StopReason)


@given(st.text() | STOPS.map(lambda stop: stop.text() + " at epoch 3"))
def test_no_text_of_another_version_is_refused_or_changed(text: str) -> None:
    assert Stop.read(text).text() == text


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        (Stop(StopReason.EPOCHS), "all epochs run"),
        (Stop(StopReason.EARLY, 12), "no better metric for `patience` epochs at epoch 12"),
        (Stop(StopReason.PRUNED, 3), "pruned at epoch 3"),
        (Stop(StopReason.NOT_FINITE, 1), "loss or weights not finite at epoch 1"),
        (Stop(StopReason.TIMEOUT, 7), "--trial-timeout at epoch 7"),
    ],
)
def test_studies_made_before_have_the_same_words(stop: Stop, text: str) -> None:
    assert (stop.text(), Stop.read(text)) == (text, stop)
