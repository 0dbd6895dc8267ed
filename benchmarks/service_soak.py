"""Kill a service, its drivers and everything at once at random instants, and look for what is lost or run twice.

    python -m benchmarks.service_soak [--kills 60] [--seed 0] [--keep FOLDER]

Three users hand studies in, whose trials cost nothing (`benchmarks.soak_driver`). Each study is compared, trial by
trial, with the same one left undisturbed; meanwhile no study may have two drivers, and running studies no more slots
than there are.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from benchmarks.measure import command_line, write_result
from benchmarks.service_process import ServiceProcess
from benchmarks.soak_checks import attempts_by_configuration, trials_of, violations
from search.service.drivers import Drivers
from search.service.queue import Queue
from search.service.states import DRIVEN, State
from search.service.users import Users
from storage import StorageURL, open_storage

OWNERS = ("anna", "ben", "chris")
_SLOTS = 3
_LONGEST_SECONDS = 900.0
_SETTINGS = {"data": "digits", "space": "small", "epochs": 4, "sampler": "random", "pruner": "none"}
# Those that are asked for are what a user does; the others are what happens.
_DEEDS = ("kill service", "kill driver", "kill all", "end service", "pause", "resume")


@dataclass
class Found:
    """What was done, and what was wrong."""

    deeds: Counter[str] = field(default_factory=Counter)
    studies: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)


class Soak:
    """One database with its service, whose users' tokens are known."""

    def __init__(self, folder: Path, cache: Path, trials: int, url: StorageURL | None = None) -> None:
        folder.mkdir(parents=True)
        self.service = ServiceProcess(folder, cache, slots=_SLOTS, url=url)
        self.url = self.service.url
        storage = open_storage(self.url, create=True)
        users = Users(storage)
        self.tokens = {owner: users.add(owner, "user") for owner in OWNERS}
        self.queue = Queue(storage)
        self.found = Found()
        self._trials = trials

    def hand_in(self, study: str, owner: str, workers: int = 2) -> None:
        given = {"study": study, "settings": {**_SETTINGS, "trials": self._trials, "workers": workers}}
        self.ask(owner, "POST", "studies", given)

    def ask(self, owner: str, method: str, path: str, given: Any = None) -> Any:
        status, answer = self.service.ask(method, path, self.tokens[owner], given)
        # It may have finished meanwhile.
        late = status == 409 or (status == 422 and "nothing is left to do" in answer["detail"])
        if status not in (200, 201) and not late:
            self.found.wrong.append(f"{method} {path}: {status} {answer}")
        return answer

    def watch(self, seconds: float) -> bool:
        """Look for a while; whether something is left to do."""
        deadline = time.monotonic() + seconds
        while True:
            rows = self.queue.all()
            used = sum(one.slots for one in rows if one.state in DRIVEN)
            if used > _SLOTS:
                self.found.wrong.append(f"{used} slots are used of {_SLOTS}")
            for study, drivers in self.service.drivers().items():
                if len(drivers) > 1:
                    self.found.wrong.append(f"{study} has {len(drivers)} drivers")
            left = any(one.state is not State.FINISHED for one in rows)
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)

    def ended_trials(self, study: str) -> int:
        """Trials of `study` that its drivers have told of."""
        events = Drivers(self.url, self.service.files).events(study)
        return sum(json.loads(line)["event"] == "trial_ended" for _, line in events.lines_from(0))

    def kill_all(self) -> None:
        """The service and all drivers, before any of them could hear of another's end."""
        self.service.kill()
        for driver in (one for of_study in self.service.drivers().values() for one in of_study):
            driver.kill()

    def disturb(self, deed: str, chosen: random.Random) -> None:
        """Do `deed`; the service is there afterwards."""
        drivers = [one for of_study in self.service.drivers().values() for one in of_study]
        row = chosen.choice(self.queue.all())
        match deed:
            case "kill service":
                self.service.kill()
            case "kill driver" if drivers:
                chosen.choice(drivers).kill()
            case "kill all":
                self.kill_all()
            case "end service":
                if (code := self.service.end()) != 0:
                    self.found.wrong.append(f"the service ended with {code}")
            case "pause" | "resume":
                self.ask(row.owner, "POST", f"studies/{row.study}/{deed}")
            case _:
                return
        self.found.deeds[deed] += 1
        if "service" in deed or deed == "kill all":
            time.sleep(chosen.uniform(0, 1))
            self.service.start()

    def go_on(self) -> None:
        """As users do with what is paused, or counts as failed after it was killed three times in a row."""
        for one in self.queue.in_states(State.PAUSED, State.FAILED):
            if one.state is State.FAILED and "before a trial did" not in one.reason:
                self.found.wrong.append(f"{one.study} failed: {one.reason}")
            self.ask(one.owner, "POST", f"studies/{one.study}/resume")

    def until_its_end(self) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while self.watch(1.0):
            self.go_on()
            if time.monotonic() > deadline:
                states = {one.study: f"{one.state} {one.reason}" for one in self.queue.all()}
                self.found.wrong.append(f"no end within {_LONGEST_SECONDS} s: {states}")
                return

    def check(self, reference: list[FrozenTrial]) -> None:
        """Each study against `reference`, which nobody disturbed."""
        for one in self.queue.all():
            wrong = violations(one.study, self.url, reference)
            self.found.wrong += [f"{one.study}: {line}" for line in wrong]
            self.found.finished += len(attempts_by_configuration(trials_of(one.study, self.url)))
            self.found.studies += 1


def soak(
    kills: int, chosen: random.Random, folder: Path, cache: Path, *, studies: int = 6, trials: int = 120
) -> Found:
    """Have `studies` of `trials` each run to their end, disturbed `kills` times."""
    quiet = Soak(folder / "undisturbed", cache, trials)
    quiet.service.start()
    quiet.hand_in("reference", "anna", workers=_SLOTS)
    quiet.until_its_end()
    quiet.service.end()
    disturbed = Soak(folder / "disturbed", cache, trials)
    disturbed.service.start()
    for number in range(studies):
        disturbed.hand_in(f"study-{number}", OWNERS[number % len(OWNERS)])
    while sum(disturbed.found.deeds.values()) < kills and disturbed.watch(chosen.uniform(0, 6)):
        disturbed.disturb(chosen.choice(_DEEDS), chosen)
        disturbed.go_on()
    disturbed.until_its_end()
    disturbed.service.end()
    disturbed.check(trials_of("reference", quiet.url))
    if left := disturbed.service.drivers():
        disturbed.found.wrong.append(f"left behind: {', '.join(left)}")
    disturbed.found.wrong += quiet.found.wrong
    return disturbed.found


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep the databases and outputs in this folder")
    arguments = parser.parse_args()
    began, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        for turn in range(max(1, arguments.kills // 20)):
            chosen = random.Random(f"{arguments.seed}-{turn}")
            found = soak(min(20, arguments.kills), chosen, folder / f"turn-{turn}", folder / "cache")
            rows.append(found.__dict__)
            print(json.dumps(rows[-1], indent=1), flush=True)
    path = write_result("service-soak", rows, arguments.quick)
    wrong = sum(len(row["wrong"]) for row in rows)
    print(f"{time.monotonic() - began:.0f} s, {wrong} findings; raw numbers: {path}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
