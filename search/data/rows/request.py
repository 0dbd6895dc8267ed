"""What the user asked for: a source, and how to read and split it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from search.errors import DataError

BUILTIN_SOURCES = ("digits", "mnist", "fashion_mnist", "cifar10", "cifar100")

TargetTransform = Literal["none", "log", "auto"]

LARGEST_FRACTION = 0.5
USUAL_FRACTION = 0.15
COLUMN_OPTIONS = ("drop", "category", "number", "date", "text")
SPLIT_COLUMNS = ("group", "time", "split_column")
SIDE_FILES = ("validation", "test")
# Without them, a request has the key that it had before they came.
_LATER = frozenset((*COLUMN_OPTIONS, *SPLIT_COLUMNS, *SIDE_FILES, "target_transform", "weight"))


@dataclass(frozen=True)
class DataRequest:
    """A data source and the options that change what is read from it.

    `source` is a built-in set (`BUILTIN_SOURCES`), FILE.npz, FILE.csv, FILE.tsv, FILE.txt, one of these three
    packed (FILE.csv.gz, FILE.zip), FILE.parquet, or a folder of class folders. `target` names a table's column;
    without a header the columns are "0", "1", ...
    `drop`, `category`, `number`, `date` and `text` name columns of a table that the user decides about: a name each, or
    names with commas between them.
    `image_size` is (height, width) in pixels. Fractions are of all rows; where the source brings its own test
    or validation split, its fraction is not used and the other is of the rest. `seed` is of the split.
    How a table's rows are split, where not by chance: rows of one value of the column `group` stay together, rows are
    in the order of the column `time`, or `split_column` says it of each. `validation` and `test` are files of their
    own. `target_transform`: a quantity is learnt as its logarithm, or where that is much less skewed. `weight` names
    the column, or the array of an NPZ file, that says how much each row counts.

    Raises:
        DataError: a fraction, the seed, the separator or the image size is out of range, or options contradict.
    """

    source: str
    target: str | None = None
    task: Literal["classification", "regression"] | None = None
    header: bool = True
    separator: str | None = None
    image_size: tuple[int, int] | None = None
    val_fraction: float = USUAL_FRACTION
    test_fraction: float = USUAL_FRACTION
    seed: int = 0
    drop: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    group: str | None = None
    time: str | None = None
    split_column: str | None = None
    validation: str | None = None
    test: str | None = None
    target_transform: TargetTransform = "none"
    weight: str | None = None

    def __post_init__(self) -> None:
        for name, fraction in (("val_fraction", self.val_fraction), ("test_fraction", self.test_fraction)):
            if not 0 < fraction <= LARGEST_FRACTION:
                raise DataError(
                    f"{name} must be above 0 and at most {LARGEST_FRACTION}, but is {fraction}: "
                    "the search needs rows to train on, to compare by and to test with"
                )
        if self.val_fraction + self.test_fraction > 0.8:
            raise DataError(
                f"val_fraction {self.val_fraction} and test_fraction {self.test_fraction} leave "
                f"{1 - self.val_fraction - self.test_fraction:.0%} of the rows for training; leave 20%"
            )
        if self.seed < 0:
            raise DataError(f"seed must be 0 or more, but is {self.seed}")
        if self.task not in (None, "classification", "regression"):
            raise DataError(f"task must be classification or regression, but is {self.task!r}")
        if self.target_transform not in ("none", "log", "auto"):
            raise DataError(f"target_transform must be none, log or auto, but is {self.target_transform!r}")
        if self.separator == r"\t":
            object.__setattr__(self, "separator", "\t")
        if self.separator is not None and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise DataError(
                f"separator must be one character such as , or ; or \\t, but is {self.separator!r}; "
                "leave it out to have it found"
            )
        if self.image_size is not None:
            object.__setattr__(self, "image_size", tuple(self.image_size))
            if len(self.image_size) != 2 or not all(1 <= side <= 4096 for side in self.image_size):
                raise DataError(
                    f"image_size must be a height and a width of 1 to 4096 pixels, but is {self.image_size}"
                )

        self._refuse_contradictions()

    @property
    def files(self) -> tuple[str, ...]:
        """The source and the files of validation and test rows, as far as there are any."""
        return (self.source, *(file for file in (self.validation, self.test) if file is not None))

    @property
    def says_how_to_split(self) -> bool:
        return any(getattr(self, name) is not None for name in (*SPLIT_COLUMNS, *SIDE_FILES))

    def _refuse_contradictions(self) -> None:
        ways = [name for name in SPLIT_COLUMNS if getattr(self, name) is not None]
        files = [name for name in SIDE_FILES if getattr(self, name) is not None]
        if self.split_column is not None:
            ways += files
        if len(ways) > 1:
            first, second = (f"--{name.replace('_', '-')} {getattr(self, name)}" for name in ways[:2])
            raise DataError(f"{first} and {second} say in two ways which rows are on which side; say one")
        for name, fraction in (("validation", "val_fraction"), ("test", "test_fraction")):
            told = "split_column" if self.split_column is not None else name
            if getattr(self, told) is not None and getattr(self, fraction) != USUAL_FRACTION:
                raise DataError(
                    f"--{fraction.replace('_', '-')} {getattr(self, fraction)} shares out no rows, since "
                    f"--{told.replace('_', '-')} {getattr(self, told)} says which are for {name}; leave one out"
                )

    def asked(self) -> dict[str, Any]:
        """All that was asked for, for keys: what came later only where it is not at its default."""
        values = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {
            name: value for name, (value, default) in values.items() if name not in _LATER or value != default
        }
