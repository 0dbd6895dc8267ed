"""What prepared columns of a table are: how each becomes features, by what its training rows tell."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from search.data.columns.dates import periods


class SpecPart(BaseModel):
    """Whatever is part of a spec: frozen, and finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _TableColumn(SpecPart):
    """A column of a table, and which of the features of its kind are left out.

    `untaught` has the positions of features with one value in all training rows. No training changes what they are
    multiplied by, so a network would add random weights where another row has another value.
    """

    name: str
    input_name: str
    untaught: tuple[int, ...] = ()


class NumberColumn(_TableColumn):
    """A number or boolean, `median` where missing, minus `mean`, over `std`; then a flag where missing.

    `written` says how its numbers stand in a text file, where not as Python writes them: `€ 1.234,5`.
    """

    kind: Literal["number"] = "number"
    boolean: bool = False
    median: float
    mean: float
    std: float
    missing_flag: bool
    written: str = ""

    @property
    def features(self) -> int:
        return 1 + self.missing_flag - len(self.untaught)

    @model_serializer(mode="wrap")
    def _plain_as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where numbers are plain nothing is said of it, as in studies that were made before it could be."""
        fields: dict[str, Any] = serialise(self)
        if not self.written:
            fields.pop("written", None)
        return fields


class CategoryColumn(_TableColumn):
    """One-hot: any other value, missing value, then each of `values`, most frequent first.

    A value whose feature is left out has zeros everywhere. Where it is `coded` there are too many values: its one
    feature, behind all others of a row, is the value's position among these, counted on from column to column. Each
    code has a vector that the network learns, zeros where no training row has it. `without` is then the share of rows
    that would have none of the values, if they had not been among the training rows themselves. `counts` are the
    training rows of each of `values`. Both are None where an earlier version did not count them.
    """

    kind: Literal["category"] = "category"
    values: tuple[str, ...]
    coded: bool = False
    without: float | None = None
    counts: tuple[int, ...] | None = None

    @property
    def codes(self) -> int:
        """How many positions there are: of any other value, of a missing one, of each of `values`."""
        return 2 + len(self.values)

    @property
    def features(self) -> int:
        return 1 if self.coded else self.codes - len(self.untaught)

    @model_serializer(mode="wrap")
    def _plain_as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in studies that were made before columns could be coded and rows were counted, where they are not."""
        fields: dict[str, Any] = serialise(self)
        later = {
            "coded": self.coded,
            "without": self.without is not None,
            "counts": self.counts is not None,
        }
        return {name: field for name, field in fields.items() if later.get(name, True)}


class TextColumn(_TableColumn):
    """For each of `words`, log2(1 + how often) a text has it; zeros where it is missing.

    `without` is the share of training rows whose text has none of them.
    """

    kind: Literal["text"] = "text"
    words: tuple[str, ...]
    without: float

    @property
    def features(self) -> int:
        return len(self.words)


class DateColumn(_TableColumn):
    """Days since 1970-01-01; sine and cosine of the year, week and day, as far as it tells them; missing flag.

    `zone` is the time zone whose clocks it tells, where the training file's type of the column says one.
    """

    kind: Literal["date"] = "date"
    template: str
    zone: str = ""
    median: float
    mean: float
    std: float
    missing_flag: bool

    @property
    def features(self) -> int:
        return 1 + 2 * len(periods(self.template)) + self.missing_flag - len(self.untaught)

    @model_serializer(mode="wrap")
    def _plain_as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without a zone as in studies that were made before one was kept."""
        fields: dict[str, Any] = serialise(self)
        if not self.zone:
            fields.pop("zone", None)
        return fields


Column = Annotated[NumberColumn | CategoryColumn | TextColumn | DateColumn, Field(discriminator="kind")]
