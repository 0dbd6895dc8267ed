"""Jobs of the queue: `finalize` and `ablate` of a study, each driven under the name of the trainings that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from search.conclusion.ablation.factors import variations
from search.conclusion.companion import Order, settings_about
from search.conclusion.confirmation.finalize_order import (
    USUAL_NETWORKS,
    refuse_two_means,
    refuse_uncalibrated,
)
from search.errors import InputError
from search.study.creation import refuse_half_made
from search.study.study import Study

JobCommand = Literal["finalize", "ablate"]

_LONGEST_NAME = 100
MODEL = "model.keras"
"""What a `finalize` writes, in its folder."""

Options = dict[str, int | bool]


class Job(BaseModel):
    """What is to be concluded from study `about`: the command, with its options by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: JobCommand
    about: str
    options: Options

    @property
    def name(self) -> str:
        """Of the study of its trainings, and of its row in the queue."""
        trial = f"-{self.options['trial']}" if self.command == "ablate" else ""
        return f"{self.about}.{self.command}{trial}"

    def looks_as(self, other: Job) -> bool:
        """Whether both test the same model: another one that is written after the test is no other look."""
        return {**self.options, "all_rows": 0} == {**other.options, "all_rows": 0}

    def words(self, folder: Path, slots: int) -> list[str]:
        """The command line that carries it out, again and again until it is done; a model goes into `folder`."""
        output = ["-o", str(folder / MODEL), "--force"] if self.command == "finalize" else []
        options = [word for name, value in self.options.items() for word in _words(name, value)]
        return [self.command, self.about, *output, *options, "--workers", str(slots), "--json"]


def finalize_job(
    study: Study,
    *,
    top: int,
    seeds: int,
    folds: int | None,
    ensemble: int | None,
    all_rows: bool = False,
    calibrate: bool | None = None,
) -> Job:
    """The best `top` of `study` on `seeds` fresh seeds, and the winner on `folds` or as an `ensemble`.

    With `all_rows` it is trained once more on all rows, when it was tested. To `calibrate` is as of `finalize`.

    Raises:
        InputError: the study has no complete trial, or is no search; both `folds` and `ensemble` are given; or it has
            no probabilities to calibrate.
    """
    refuse_two_means(folds, ensemble)
    _check(study, "finalize", None)
    refuse_uncalibrated(study, calibrate)
    given = {"top": top, "seeds": seeds, "folds": folds, "ensemble": ensemble}
    return _job("finalize", study, {**given, "all_rows": all_rows or None, "calibrate": calibrate})


def ablate_job(study: Study, *, trial: int | None, seeds: int) -> Job:
    """One factor at a time around `trial`, or the best one, on `seeds` fresh seeds.

    Raises:
        InputError: there is no such complete trial, or the study is no search.
    """
    return _job("ablate", study, {"trial": _check(study, "ablate", trial), "seeds": seeds})


def refuse_long(name: str) -> None:
    """Raises InputError where a job's name does not fit the queue."""
    if len(name) > _LONGEST_NAME:
        raise InputError(
            f"study name: with what a job adds to it, it has {len(name)} characters, and {_LONGEST_NAME} is the most; "
            "give the study a shorter name"
        )


def trainings(job: Job, study: Study) -> int:
    """How many trainings it takes, about: what comes to nothing, or was done before, is not known yet."""
    if job.command == "ablate":
        trial = study.complete_trial(job.options["trial"])
        changed = variations(trial.hyperparameters(study.space), study.space, study.data)
        return (1 + len(list(changed))) * job.options["seeds"]
    candidates = min(job.options["top"], len(study.ranked()))
    usual = 1 if study.data.kind == "image" else USUAL_NETWORKS
    last = job.options.get("folds") or job.options.get("ensemble") or usual
    last *= 2 if job.options.get("all_rows") else 1
    return candidates * job.options["seeds"] + last


def _check(study: Study, command: JobCommand, trial: int | None) -> int:
    """The number of the trial that it is about. Raises InputError where there can be no conclusion."""
    refuse_half_made(study)
    number = study.complete_trial(trial).number
    settings_about(study, command, Order(seeds=2, go_on=""))
    if command == "ablate" and study.space.network:
        raise InputError(
            f"study '{study.name}' is of a network of its user's own, of which perceptuna knows no part to leave out"
        )
    return number


def _words(name: str, value: int | bool) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    return [f"--{option}", str(value)]


def _job(command: JobCommand, study: Study, options: dict[str, int | None]) -> Job:
    given = {name: value for name, value in options.items() if value is not None}
    job = Job(command=command, about=study.name, options=given)
    refuse_long(job.name)
    return job
