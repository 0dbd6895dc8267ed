"""Give the first steps of every command what nobody should give them, and count what is no answer.

    python -m benchmarks.fuzz [--inputs 5000] [--seed 0] [--only csv,parquet] [--one 1234]

An input is read (exit 0), refused (exit 2 with a message, 3 where a database cannot be reached), or a fault: a
traceback, another exit code, a refusal without a word. Each has a number, and with the seed it is the same every
time: `--one NUMBER` runs it alone and shows its words, its output and its traceback.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import typer

from benchmarks.fuzz_inputs import MAKERS
from benchmarks.measure import command_line, write_result

# A command that computes for so long, or does nothing for ten times as long, would be one that hangs.
LONGEST_SECONDS = 60.0
ANSWERS = {0: "read", 2: "refused", 3: "refused"}


@dataclass(frozen=True)
class Outcome:
    """What became of one input. `answer` is read, refused or fault; `told` what the command said, or its traceback."""

    kind: str
    number: int
    words: list[str]
    answer: str
    told: str
    seconds: float


def fuzz(inputs: int, seed: int, kinds: Sequence[str] = tuple(MAKERS)) -> Iterator[Outcome]:
    """Outcomes of `inputs` inputs, of each kind in turn."""
    for number in range(inputs):
        yield outcome_of(kinds[number % len(kinds)], number, seed)


def outcome_of(kind: str, number: int, seed: int) -> Outcome:
    """Make one input in a folder of its own, and call the command line with it."""
    random = Random(f"{kind} {seed} {number}")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, contextlib.chdir(folder):
        words = MAKERS[kind](random, Path(folder))
        begun, computed = time.monotonic(), time.process_time()
        answer, told = called(words)
        # Mostly those of this process, as the fuzz may run where others do.
        seconds = max(time.process_time() - computed, (time.monotonic() - begun) / 10)
    if answer != "fault" and seconds > LONGEST_SECONDS:
        answer, told = "fault", f"took {seconds:.0f} s\n{told}"
    return Outcome(kind, number, words, answer, told, seconds)


def called(words: list[str]) -> tuple[str, str]:
    """How a command line is answered, and in which words."""
    from search import cli

    # As Python opens them.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    with (
        patch.object(cli, "app", _program()),
        patch.object(sys, "argv", ["perceptuna", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        except BaseException:  # whatever it is, it is what is looked for
            return "fault", _FOLDERS.sub('File "', traceback.format_exc())
    told = _written(err) or _written(out)
    answer = ANSWERS.get(code if isinstance(code, int) else 1, "fault")
    if answer == "refused" and not told.startswith("perceptuna: "):
        answer = "fault"
    return answer, f"exit {code}\n{told}"


# In a traceback, where on this machine a file lies.
_FOLDERS = re.compile(r'File "[^"]*/(?=(?:benchmarks|search|spaces|storage|site-packages|python3\.\d+)/)')


@cache
def _program() -> Callable[..., Any]:
    """All commands, made once: they take longer to make than most inputs to read."""
    from search.cli import app

    return typer.main.get_command(app)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--inputs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(MAKERS), help="kinds of inputs, with commas between")
    parser.add_argument("--one", type=int, help="the number of one input, to see what becomes of it")
    arguments = parser.parse_args()
    kinds = arguments.only.split(",")
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"PERCEPTUNA_CACHE": f"{home}/cache"}
        if arguments.one is not None:
            outcome = outcome_of(kinds[arguments.one % len(kinds)], arguments.one, arguments.seed)
            print(outcome.words, outcome.answer, outcome.told, sep="\n")
            return
        counts: Counter[tuple[str, str]] = Counter()
        faults: list[Outcome] = []
        for outcome in fuzz(500 if arguments.quick else arguments.inputs, arguments.seed, kinds):
            counts[outcome.kind, outcome.answer] += 1
            if outcome.answer == "fault":
                faults.append(outcome)
                print(f"{outcome.kind} {outcome.number}: {outcome.words!r}\n{outcome.told}", flush=True)
    rows = [
        {
            "kind": kind,
            "seed": arguments.seed,
            **{answer: counts[kind, answer] for answer in ("read", "refused", "fault")},
        }
        for kind in kinds
    ]
    for row in rows:
        print("{kind:10} {read:5} read {refused:5} refused {fault:5} faults".format(**row))
    print(write_result("fuzz", [*rows, *({"faulty": asdict(fault)} for fault in faults)], arguments.quick))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
