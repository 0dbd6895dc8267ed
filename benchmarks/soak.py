"""Kill studies at random instants, resume them, and look for what is lost, doubled, changed or left behind.

    python -m benchmarks.soak [--kills 200] [--command-kills 60] [--seed 0] [--at-once 1] [--only ablate]

Most kills hit a driver of trials that cost nothing (`benchmarks.soak_driver`), the others whole `perceptuna`
commands that train digits on worker processes: `kill -9` of the driver, of one
worker, of everything at once. Each study is compared, trial by trial, with the same study left undisturbed.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from benchmarks.measure import command_line, write_result
from benchmarks.soak_checks import (
    LOST_TWICE,
    Acknowledged,
    attempts_by_configuration,
    concluded,
    moment,
    trials_of,
    violations,
)
from benchmarks.soak_commands import LONGEST_SECONDS, MARK, Command
from benchmarks.soak_processes import started
from benchmarks.soak_scenarios import CHEAP, STUDY, TRAINED, Scenario
from search.study.creation import is_half_made
from search.study.study import study_names
from storage import StorageURL


@dataclass
class Place:
    """A folder with a database of its own."""

    folder: Path
    cache: Path
    commands: list[Command] = field(default_factory=list)

    @property
    def url(self) -> StorageURL:
        return StorageURL.parse(str(self.folder / "studies.db"))

    def start(self, scenario: Scenario, line: str, seed: int) -> Command:
        output = self.folder / f"output-{len(self.commands)}.txt"
        mark = uuid.uuid4().hex
        line = line.format(folder=self.folder)
        seeded = f"{line} --seed {seed}" if line.startswith("run") else line
        words = [*seeded.split(), "--storage", str(self.url)]
        environment = {"PERCEPTUNA_CACHE": str(self.cache), MARK: mark}
        process = started(scenario.module, words, output, environment)
        self.commands.append(Command(process, output, mark))
        return self.commands[-1]

    def next_line(self, scenario: Scenario) -> str:
        """As a user would: `resume` where there is a study, else the command again."""
        return scenario.killed if self.is_new(self.name_of(scenario)) else scenario.go_on

    def name_of(self, scenario: Scenario) -> str:
        """Of the study that is killed, as far as it is there."""
        begins = f"{scenario.about}-"
        return next((name for name in study_names(self.url) if name.startswith(begins)), scenario.about)

    def is_new(self, name: str) -> bool:
        return name not in study_names(self.url) or is_half_made(name, self.url)

    def prepare(self, scenario: Scenario, seed: int, prepared: Path) -> None:
        """What is there before the first kill; it is made once, in `prepared`."""
        if prepared.exists():
            shutil.copytree(prepared, self.folder)
            return
        self.folder.mkdir(parents=True)
        if scenario.then:
            command = self.start(scenario, scenario.run, seed)
            if command.process.wait(LONGEST_SECONDS) != 0:
                raise SystemExit(f"{scenario.run} failed undisturbed:\n{command.text()}")
        shutil.copytree(self.folder, prepared)


@dataclass
class Report:
    """What was done to studies and what was found."""

    kills: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    studies: int = 0
    finished: int = 0
    run_again: int = 0
    lost_twice: int = 0
    acknowledged: int = 0
    wrong: list[str] = field(default_factory=list)

    def row(self, scenario: Scenario) -> dict[str, Any]:
        return {"scenario": scenario.name, "command": scenario.killed, **self.__dict__}


def soak(
    scenario: Scenario,
    kills: int,
    chosen: random.Random,
    folder: Path,
    cache: Path,
) -> Report:
    """Kill studies of `scenario` until there were `kills`: of one seed for each forty, of three at most."""
    report = Report()
    seeds = min(3, 1 + kills // 40)
    references: dict[int, Reference] = {}
    while sum(report.kills.values()) < kills:
        seed, told = chosen.randrange(seeds), len(report.wrong)
        prepared = folder / f"prepared-{seed}"
        if seed not in references:
            references[seed] = undisturbed(scenario, seed, folder / f"undisturbed-{seed}", cache, prepared)
        wanted = min(scenario.kills_per_study, kills - sum(report.kills.values()))
        place = Place(folder / f"study-{report.studies}", cache)
        place.prepare(scenario, seed, prepared)
        soak_study(scenario, seed, wanted, chosen, place, references[seed], report)
        print(
            f"{scenario.name}: study {report.studies}, {sum(report.kills.values())} kills, "
            f"{len(report.wrong)} findings",
            flush=True,
        )
        for finding in report.wrong[told:]:
            print(finding, flush=True)
    return report


@dataclass(frozen=True)
class Reference:
    """The same study when nobody kills anything: its trials, and what was concluded of them."""

    trials: list[FrozenTrial]
    concluded: dict[str, Any]


def undisturbed(scenario: Scenario, seed: int, folder: Path, cache: Path, prepared: Path) -> Reference:
    place = Place(folder, cache)
    place.prepare(scenario, seed, prepared)
    command = place.start(scenario, scenario.killed, seed)
    if command.process.wait(LONGEST_SECONDS) != 0:
        raise SystemExit(f"{scenario.killed} failed undisturbed:\n{command.text()}")
    if not (trials := trials_of(place.name_of(scenario), place.url)):
        raise SystemExit(f"{scenario.killed} made no trials of {scenario.about}")
    return Reference(trials, concluded(STUDY, place.url))


def soak_study(
    scenario: Scenario,
    seed: int,
    kills: int,
    chosen: random.Random,
    place: Place,
    reference: Reference,
    report: Report,
) -> None:
    """One study: kill and go on until it is finished, then check it."""
    acknowledged = Acknowledged()
    command = place.start(scenario, scenario.killed, seed)
    while True:
        code = command.until_some_instant(scenario.longest, chosen) if kills else command.until_its_end()
        if code is None:
            if not kills:
                report.wrong.append(f"no end within {LONGEST_SECONDS} s:\n{command.text()[-2000:]}")
                command.kill("all", chosen)
                break
            acknowledged.look(trials_of(place.name_of(scenario), place.url))
            victim = chosen.choice(scenario.victims)
            when = moment(place.name_of(scenario), place.url, command.text())
            if not command.kill(victim, chosen):
                continue
            kills -= 1
            report.kills[victim] += 1
            report.moments[when] += 1
            if victim == "worker":
                continue
            command.process.wait()
            acknowledged.look(trials_of(place.name_of(scenario), place.url))
            # Half of the time the next driver starts while workers of the dead one are still there.
            if chosen.random() < 0.5:
                report.wrong += command.left_behind()
        else:
            if code == 0 or (code == 2 and "nothing is left to do" in command.text()):
                break
            report.wrong.append(f"exit {code}:\n{command.text()[-3000:]}")
            if code != 130:
                break
        command = place.start(scenario, place.next_line(scenario), seed)
    for one in place.commands:
        report.wrong += one.left_behind()
    trials = trials_of(place.name_of(scenario), place.url)
    acknowledged.look(trials)
    found = acknowledged.changed + violations(place.name_of(scenario), place.url, reference.trials)
    if (now := concluded(STUDY, place.url)) != reference.concluded:
        found.append(f"concluded {now}, undisturbed {reference.concluded}")
    report.wrong += [f"{place.folder.name} (seed {seed}): {line}" for line in found]
    report.studies += 1
    report.finished += len(attempts_by_configuration(trials))
    report.run_again += sum("requeued" in trial.user_attrs for trial in trials)
    report.lost_twice += sum(trial.user_attrs.get("reason") == LOST_TWICE for trial in trials)
    report.acknowledged += len(acknowledged.seen)


def shares(kills: int, parts: int) -> list[int]:
    """As equal as can be."""
    return [kills // parts + (part < kills % parts) for part in range(parts)]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of drivers of made-up trials")
    parser.add_argument("--command-kills", type=int, default=60, help="of whole commands that train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep the databases and outputs in this folder")
    parser.add_argument("--at-once", type=int, default=1, help="how many ways of running a study")
    parser.add_argument("--only", default="", help="those with this word in their name")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(arguments.at_once) as threads:
        folder = arguments.keep or Path(temporary)
        soaks: dict[Future[Report], Scenario] = {}
        for total, scenarios in ((arguments.kills, CHEAP), (arguments.command_kills, TRAINED)):
            wanted = [one for one in scenarios if arguments.only in one.name]
            for scenario, kills in zip(wanted, shares(total, len(wanted)), strict=True):
                chosen = random.Random(f"{arguments.seed}-{scenario.name}")
                where = folder / scenario.name.replace(" ", "-")
                if kills:
                    job = threads.submit(soak, scenario, kills, chosen, where, folder / "cache")
                    soaks[job] = scenario
        for done in as_completed(soaks):
            print(json.dumps(done.result().row(soaks[done]), indent=1), flush=True)
            rows = [one.result().row(scenario) for one, scenario in soaks.items() if one.done()]
            # Now, as the next one takes long.
            path = write_result("soak" if arguments.kills else "soak-commands", rows, arguments.quick)
    tried = sum(sum(row["kills"].values()) for row in rows)
    wrong = sum(len(row["wrong"]) for row in rows)
    print(f"{tried} kills in {time.monotonic() - began:.0f} s, {wrong} findings; raw numbers: {path}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
