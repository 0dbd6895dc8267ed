"""What the soak runs and kills: made-up trials, whole commands that train, and commands that go on with a study."""

from __future__ import annotations

from dataclasses import dataclass

STUDY = "soak"


@dataclass(frozen=True)
class Scenario:
    """One way of running a study, and what is killed in it. `longest` is the longest wait before a kill,
    in seconds, once workers start. With `then`, the study is run to its end in peace, and that command is killed,
    which makes trials of a study `about` it, in whose name a trial's number may follow.
    """

    name: str
    module: str
    options: str
    budget: int
    victims: tuple[str, ...]
    longest: float
    kills_per_study: int
    then: str = ""
    about: str = STUDY

    @property
    def run(self) -> str:
        return f"run {STUDY} --data digits --space small --trials {self.budget} {self.options}"

    @property
    def killed(self) -> str:
        """The command that is killed."""
        return self.then or self.run

    @property
    def go_on(self) -> str:
        """As it is told to who interrupts it."""
        return f"resume {self.about}" if self.killed.startswith("run") else self.killed


# Three at a time, each by itself: the order in which they end changes none of them.
_AT_ONCE = "--epochs 4 --workers 3 --sampler random --pruner none"
CHEAP = (
    Scenario(
        "made-up trials, 3 at a time, random",
        "benchmarks.soak_driver",
        _AT_ONCE,
        budget=40,
        victims=("driver",),
        longest=0.8,
        kills_per_study=12,
    ),
    Scenario(
        "made-up trials, one at a time, tpe and hyperband",
        "benchmarks.soak_driver",
        "--epochs 9 --workers 1 --sampler tpe --pruner hyperband",
        budget=40,
        victims=("driver",),
        longest=2.0,
        kills_per_study=12,
    ),
    Scenario(
        "made-up trials, the next version of a study (--from)",
        "benchmarks.soak_driver",
        _AT_ONCE,
        budget=20,
        victims=("driver",),
        longest=0.8,
        kills_per_study=10,
        then=f"run next --from {STUDY} --trials 30 --workers 3",
        about="next",
    ),
    Scenario(
        "made-up trials, ablate",
        "benchmarks.soak_driver",
        _AT_ONCE,
        budget=10,
        victims=("driver",),
        longest=0.8,
        kills_per_study=10,
        then=f"ablate {STUDY} --seeds 2 --workers 3",
        about=f"{STUDY}.ablate",
    ),
)
TRAINED = (
    Scenario(
        "trained trials on 2 workers, random",
        "search",
        "--epochs 2 --workers 2 --sampler random --pruner none",
        budget=10,
        victims=("driver", "worker", "worker", "all"),
        longest=9.0,
        kills_per_study=7,
    ),
    Scenario(
        "trained trials on 1 worker, tpe and hyperband",
        "search",
        "--epochs 9 --workers 1 --sampler tpe --pruner hyperband",
        budget=16,
        victims=("driver", "all"),
        longest=9.0,
        kills_per_study=7,
    ),
    Scenario(
        "trained trials on 2 workers, finalize",
        "search",
        "--epochs 2 --workers 2 --sampler random --pruner none",
        budget=6,
        victims=("driver", "worker", "all"),
        longest=12.0,
        kills_per_study=5,
        then=f"finalize {STUDY} --top 3 --seeds 2 --workers 2 -o {{folder}}/model.keras",
        about=f"{STUDY}.finalize",
    ),
)
