"""What `replay` refuses and says; that it gets the same bits is shown in test_study_crash.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.errors import InputError
from search.models.replay import Replay, replay
from search.settings.settings import StudySettings
from search.study.study import Study
from search.training.environment import differences, processor, training_environment


def test_a_trial_that_cannot_be_compared_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match=r"--trial: study .* has trials none yet, but got 0"):
        replay(study, 0)
    failed = study.optuna.ask()
    study.optuna.tell(failed, state=TrialState.FAIL)
    with pytest.raises(InputError, match=r"--trial: study .* has trials 0 to 0, but got 7"):
        replay(study, 7)
    with pytest.raises(InputError, match="trial 0 is fail and was not trained to an end"):
        replay(study, 0)


def test_what_differs_around_a_trial_is_named() -> None:
    now = training_environment(StudySettings(data="digits", precision="float32"))
    versions = {"training code", "python", "tensorflow", "keras", "numpy"}
    assert set(now) == {*versions, "processor", "precision", "threads"}
    assert (now["precision"], now["threads"]) == ("float32", "1")
    assert differences({**now, "keras": "3.0.0"}, now) == [f"keras 3.0.0 then, {now['keras']} now"]
    assert differences(now, now) == []
    before = {name: value for name, value in now.items() if name != "training code"}
    assert differences(before, now) == ["training code unknown then, 2 now"]


def test_a_difference_is_put_into_words() -> None:
    then, now = [0.5, 0.75, 0.8], [0.5, 0.7]
    differs = ["tensorflow 2.20.0 then, 2.21.0 now"]
    assert Replay("one", 3, "val_accuracy", then, now, 1, differs).sentences() == [
        "trial 3: val_accuracy is not the same",
        "  first after epoch 2: 0.75 then, 0.7 now",
        "  3 epochs then, 2 epochs now",
        "  tensorflow 2.20.0 then, 2.21.0 now",
    ]
    assert "on one thread" in Replay("one", 3, "val_accuracy", then, now, 4, []).sentences()[-1]
    assert "are the same" in Replay("one", 3, "val_accuracy", then, now, 1, []).sentences()[-1]


def test_the_processor_has_a_name(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nmodel name\t: Some CPU 3000\n")
    assert processor(cpuinfo) == "Some CPU 3000"
    assert processor(tmp_path / "none")
