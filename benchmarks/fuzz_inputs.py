"""Inputs for the fuzz, of every kind: data, spaces, settings, databases, and names and places in command lines.

Each maker is given a generator of random numbers and an empty folder, writes what it needs there, and returns the
words of a command line. None of these commands trains, asks another machine, or writes outside of the folder.
"""

from __future__ import annotations

import gc
import os
import tempfile
from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.fuzz_sources import Maker, Words, csv, images, mutated, npz, packed, parquet
from search.data import prepare
from search.settings.settings import StudySettings
from search.study.creation import create_study
from spaces import load_space, preset_names
from storage import StorageURL

# A study of this name is refused as the last of what is checked before a command does anything.
NO_STUDY = "no/study"

HOSTILE = [
    "",
    " ",
    ".",
    "..",
    "/",
    "~",
    "-",
    "--",
    "a\0b",
    "\udcff\udcfe",
    "caf\udce9.csv",
    "n" * 256,
    "n" * 300 + ".csv",
    "x/" * 2100 + "f.csv",
    "two\nlines",
    "\x1b[31mred",
    "[bold]x[/nothing]",
    "%s%n",
    "$(touch x)",
    "/dev/null",
    "/dev/full",
    "/proc/self/mem",
    "folder",
    "folder/",
    "loop",
    "gone",
    "pipe",
    "file/below",
    "😀",
    "sqlite://",
    "http://[",
    "::",
    "//",
    "C:\\x",
]


@cache
def _space_files() -> tuple[bytes, ...]:
    presets = Path(__file__).parents[1] / "spaces" / "presets"
    return tuple((presets / f"{name}.toml").read_bytes() for name in preset_names())


def space(random: Random, folder: Path) -> Words:
    path = folder / "space.toml"
    path.write_bytes(mutated(random, random.choice(_space_files())))
    return ["space", random.choice(["check", "show"]), str(path)]


_URL_PARTS = """
    sqlite postgresql mysql :// :/// : // @ ? a.db host= % %00 [ ] é :memory: / .. user:secret port=x # & ssl=9
"""
URL_PARTS = [*_URL_PARTS.split(), " ", "\udcff"]

_VALUES = r"""
    0 1 -1 1.5 nan inf 1e400 99999999999999999999 true "" "x" "10m" "2GB" [] [1] {} 1979-05-27 '''a''' "\u0000" "digits"
    "val_accuracy" "tpe" "small" "./space.toml" "\u001b[2J" [8,8]
"""
VALUES = _VALUES.split()

_SETTINGS = """
    data target task header separator drop category number date image_size val_fraction test_fraction space baselines
    group time split_column validation test split_seed weight
    trials timeout epochs patience metric sampler pruner seed workers threads trial_timeout memory_limit precision
    storage allow_outside typo
"""
SETTINGS = _SETTINGS.split()


def config(random: Random, folder: Path) -> Words:
    lines = [f"{random.choice(SETTINGS)} = {random.choice(VALUES)}" for _ in range(random.randint(0, 5))]
    content = "\n".join(lines).encode()
    path = folder / "config.toml"
    path.write_bytes(mutated(random, content) if random.random() < 0.3 else content)
    # The first ends where the name is looked at, the second where the database is: it is none.
    study = random.choice([[NO_STUDY], ["study", "--storage", str(folder)]])
    return ["run", *study, "--data", "digits", "--config", str(path)]


def baselines(random: Random, folder: Path) -> Words:
    source = Path(__file__).parents[1] / "spaces" / "baselines" / "cifar10_mlp.toml"
    path = folder / "baselines.toml"
    path.write_bytes(mutated(random, source.read_bytes()))
    # The database is the last that is looked at; this is none.
    return ["run", "study", "--data", "digits", "--baselines", str(path), "--storage", str(folder)]


def storage(random: Random, folder: Path) -> Words:
    """URLs of no server: that nobody answers is a matter of waiting, and told elsewhere."""
    url = "".join(random.choices(URL_PARTS, k=random.randint(0, 6)))
    if url.startswith("postgres"):
        url = url.replace("postgresql", "postgresql+none", 1)
    command = random.choice([["list"], ["show", "study"], ["storage", "check"], ["delete", "study", "--yes"]])
    return [*command, "--storage", url]


def database(random: Random, folder: Path) -> Words:
    path = folder / "perceptuna.db"
    path.write_bytes(mutated(random, _database()))
    command = random.choice([["list"], ["show", "study"], ["storage", "check"], ["show", "study", "--json"]])
    return [*command, "--storage", str(path)]


def paths(random: Random, folder: Path) -> Words:
    """Names and places of all kinds, for every option that takes one."""
    (folder / "folder").mkdir()
    (folder / "file").write_text("x,y\n")
    (folder / "loop").symlink_to("loop")
    (folder / "gone").symlink_to("nowhere")
    (folder / "perceptuna.db").write_bytes(_database())
    place = random.choice(HOSTILE) + random.choice(
        ["", "", ".csv", ".npz", ".parquet", ".toml", ".html", ".keras", ".db"]
    )
    if random.random() < 0.3:
        place = f"{folder}/{place}"
    before = ["--data", "digits"]
    words = random.choice(
        [
            ["data", "show", place],
            ["run", NO_STUDY, "--data", place],
            ["run", "study", "--data", place, "--storage", str(folder)],
            ["run", "study", *before, "--space", place, "--storage", str(folder)],
            ["run", "study", *before, "--baselines", place, "--storage", str(folder)],
            ["run", NO_STUDY, *before, "--config", place],
            ["run", NO_STUDY, *before, "--tensorboard", place],
            ["run", place, *before, "--storage", str(folder)],
            ["list", "--storage", place],
            ["show", place],
            ["space", "check", place],
            ["report", "study", "--output", place, "--storage", "file"],
            ["export", "study", "--output", place],
            ["finalize", "study", "--output", place],
            ["tensorboard", "study", "--output", place, "--storage", "file"],
            ["storage", "backup", "--output", place, "--storage", "file"],
            ["storage", "check", "--storage", place],
            ["resume", place],
            ["delete", place, "--yes"],
        ]
    )
    if words[0] == "data":  # settings may come out of a pipe, and whoever reads one waits for its writer
        os.mkfifo(folder / "pipe.csv")
    return words


@cache
def _database() -> bytes:
    """An SQLite database with one study, as `run` leaves it before the first trial."""
    with tempfile.TemporaryDirectory() as temporary:
        source, path = Path(temporary, "rows.npz"), Path(temporary, "perceptuna.db")
        pixels = np.random.default_rng(0).integers(0, 255, size=(40, 2, 2), dtype=np.uint8)
        np.savez(source, x=pixels, y=np.arange(40) % 2)
        settings = StudySettings(data=str(source), space="small")
        spec = prepare(settings.data_request(), Path(temporary, "cache")).spec
        space, _ = load_space("small").restricted_to(spec.task, spec.kind, spec.components)
        url = StorageURL.of_file(path)
        create_study("study", url, settings, space, spec)
        gc.collect()  # closes the connections, and so writes everything into the one file
        return path.read_bytes()


MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (csv, packed, parquet, npz, images, space, config, baselines, storage, database, paths)
}
