"""One study that is finalized as users do: interrupted, killed, gone on with, and then a second time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from conclusion_calls import Killed, Place, Story

from search.conclusion.confirmation.record import read_conclusion
from search.study.creation import create_study
from search.study.study import delete_study
from search.workers.messages import TrialTask

# One structure with dropout, which is compiled once, and one without it for an ablation.
SPACE = """
depth = 1
width = { low = 16, high = 128, log = true }
dropout = { low = 0.0, high = 0.4 }
learning_rate = { low = 3e-4, high = 3e-2, log = true }
batch_size = [32, 64]
"""
RUN = "run one --data digits --trials 4 --epochs 2 --pruner none --workers 1 --space"


def _interrupt(task: TrialTask) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _kill(task: TrialTask) -> None:
    raise Killed


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("conclusion")
    finalize = f"finalize one --top 2 --seeds 2 -o {folder / 'model.keras'}"
    place = Place(folder)
    (folder / "space.toml").write_text(SPACE)
    assert place(f"{RUN} {folder / 'space.toml'}").code == 0
    count, place.after = place.after, _interrupt
    interrupted = place(finalize)
    place.after = _kill
    killed = place(finalize)
    place.after = count
    place.trained.clear()
    done = place(finalize)
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None, done
    again = place(finalize.replace("model.keras", "again.keras"))
    return Story(place, interrupted, killed, done, conclusion, again)


@pytest.fixture
def place_two(story: Story) -> Iterator[Place]:
    """Two more studies, not trained: of the same split, and of another."""
    study = story.place.study("one")
    for name, seed in (("two", 0), ("other-split", 1)):
        data = study.data.model_copy(update={"seed": seed})
        create_study(name, study.url, study.settings, study.space, data)
    yield story.place
    for name in ("two", "other-split"):
        delete_study(story.place.study(name))
