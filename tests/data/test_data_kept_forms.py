"""What is kept of a training file for new rows: time zones, how a target is written, how many categories are rare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from search.answering.drift import Drift, drifts
from search.answering.labels import quantities
from search.answering.new_rows import open_rows
from search.data import CategoryColumn, DataRequest, DataSpec, DateColumn, Table, prepare, spec_changes
from search.errors import InputError

ZONE = "Europe/Brussels"


def spec_of(frame: pd.DataFrame, folder: Path, ending: str = "csv", **options: Any) -> DataSpec:
    file = folder / f"train.{ending}"
    frame.to_parquet(file) if ending == "parquet" else frame.to_csv(file, index=False)
    return prepare(DataRequest(str(file), target="target", **options), folder / "cache").spec


def read(frame: pd.DataFrame, file: Path, spec: DataSpec) -> tuple[Table, tuple[Drift, ...]]:
    frame.to_parquet(file) if file.suffix == ".parquet" else frame.to_csv(file, index=False)
    rows = open_rows(DataRequest(str(file)), spec)
    (piece,) = rows.pieces(10**6)
    assert isinstance(piece.x, Table)
    return piece.x, drifts(rows.found, spec)


def test_points_in_time_are_told_by_the_clocks_of_training(tmp_path: Path) -> None:
    """Over the end of summer time: an instant has one clock time in each zone, and not the same offset all year."""
    moments = pd.date_range("2026-10-24", periods=60, freq="h", tz=ZONE)
    frame = pd.DataFrame({"at": moments, "target": np.arange(60.0)})
    spec = spec_of(frame, tmp_path, "parquet")
    (column,) = spec.columns
    assert isinstance(column, DateColumn)
    assert (column.zone, column.template) == (ZONE, "YYYY-MM-DDThh:mm:ss")
    clocks = moments.strftime("%Y-%m-%dT%H:%M:%S").tolist()
    for there in (moments, moments.tz_convert("UTC"), moments.tz_convert("Asia/Tokyo")):
        table, _ = read(frame.assign(at=there), tmp_path / "new.parquet", spec)
        assert table.columns["at"].values.tolist() == clocks
    # What says no zone is by those clocks already.
    table, _ = read(frame.assign(at=moments.tz_localize(None)), tmp_path / "new.parquet", spec)
    assert table.columns["at"].values.tolist() == clocks
    table, _ = read(frame.assign(at=clocks), tmp_path / "new.csv", spec)
    assert table.columns["at"].values.tolist() == clocks


def test_studies_that_kept_less_are_the_same_data(tmp_path: Path) -> None:
    moments = pd.date_range("2026-10-24", periods=300, freq="h", tz=ZONE)
    towns = [f"town {number % 70}" for number in range(298)] + ["once", "more"]
    spec = spec_of(
        pd.DataFrame({"at": moments, "town": towns, "target": np.arange(300.0)}), tmp_path, "parquet"
    )
    date, town = spec.columns
    assert isinstance(town, CategoryColumn)
    assert town.coded
    assert 0 < (town.without or 0) < 0.5
    before = spec.model_copy(
        update={"columns": (date.model_copy(update={"zone": ""}), town.model_copy(update={"without": None}))}
    )
    assert '"zone"' not in before.model_dump_json()
    assert '"without"' not in before.model_dump_json()
    assert spec_changes(before, spec) == []
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec


def test_many_categories_have_moved_where_more_rows_than_expected_have_none_that_is_known(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(0)

    def towns(rows: int) -> np.ndarray:
        """Some are in most rows, many in one row of thousands."""
        return np.array(
            [f"town {place}" for place in np.floor(random.pareto(0.8, rows) * 10).astype(int)], object
        )

    frame = pd.DataFrame({"town": towns(4000), "target": random.normal(size=4000)})
    spec = spec_of(frame, tmp_path)
    (column,) = spec.columns
    assert isinstance(column, CategoryColumn)
    assert column.coded
    new = pd.DataFrame({"town": towns(2000)})
    # Towns that nobody has seen are in more than one row of twenty, as they would have been of training.
    unseen = float(np.mean(~new["town"].isin(column.values)))
    assert unseen > 0.05
    assert column.without == pytest.approx(unseen, abs=0.02)
    assert read(new, tmp_path / "new.csv", spec)[1] == ()
    new.loc[:599, "town"] = [f"village {number}" for number in range(600)]
    (drift,) = read(new, tmp_path / "new.csv", spec)[1]
    assert (drift.column, drift.what) == ("town", "never seen")
    assert drift.size == pytest.approx(0.3 * (1 - unseen), abs=0.03)
    kept_less = spec.model_copy(update={"columns": (column.model_copy(update={"without": None}),)})
    assert read(new, tmp_path / "new.csv", kept_less)[1] == ()


def test_known_categories_have_moved_where_their_shares_have(tmp_path: Path) -> None:
    regions = ["south"] * 240 + ["north"] * 60
    frame = pd.DataFrame({"region": regions, "n": np.arange(300.0) % 7, "target": np.arange(300.0)})
    spec = spec_of(frame.sample(frac=1, random_state=0), tmp_path)
    (region,) = (column for column in spec.columns if isinstance(column, CategoryColumn))
    assert region.counts is not None
    assert sum(region.counts) == spec.rows.train
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec
    turned = pd.DataFrame({"region": ["north"] * 80 + ["south"] * 20, "n": np.arange(100.0) % 7})
    (drift,) = read(turned, tmp_path / "new.csv", spec)[1]
    assert (drift.column, drift.what) == ("region", "shares")
    assert drift.size == pytest.approx(0.8 - region.counts[1] / sum(region.counts))
    assert drift.most is not None
    assert (drift.most.category, drift.most.now) == (
        "north" if drift.most.now > 0.5 else "south",
        drift.most.now,
    )
    assert drift.to_json()["most"]["trained"] == drift.most.trained
    # As in training, or too few rows to tell.
    assert read(frame.drop(columns="target"), tmp_path / "new.csv", spec)[1] == ()
    assert read(turned.sample(5, random_state=0), tmp_path / "new.csv", spec)[1] == ()
    # Of a model that was made before categories were counted nothing is told.
    columns = tuple(
        column.model_copy(update={"counts": None}) if column is region else column for column in spec.columns
    )
    before = spec.model_copy(update={"columns": columns})
    assert '"counts"' not in before.model_dump_json()
    assert read(turned, tmp_path / "new.csv", before)[1] == ()
    assert spec_changes(before, spec) == []


def test_missing_values_are_a_category_where_training_had_some(tmp_path: Path) -> None:
    regions = (["south", "north", "east", ""] * 75)[:300]
    frame = pd.DataFrame({"region": regions, "n": np.arange(300.0) % 7, "target": np.arange(300.0)})
    spec = spec_of(frame, tmp_path)
    more = pd.DataFrame({"region": [""] * 100 + regions[:150], "n": np.arange(250.0) % 7})
    (drift,) = read(more, tmp_path / "new.csv", spec)[1]
    assert (drift.what, drift.most and drift.most.category) == ("shares", None)
    assert read(frame.drop(columns="target"), tmp_path / "new.csv", spec)[1] == ()


def test_many_categories_move_by_their_shares_and_not_by_chance(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    shares = 1 / np.arange(1, 1001)
    shares /= shares.sum()
    names = np.array([f"town {number}" for number in range(1000)], object)
    frame = pd.DataFrame({"town": random.choice(names, 4000, p=shares), "target": random.normal(size=4000)})
    spec = spec_of(frame, tmp_path)
    for rows in (50, 500, 2000):
        new = pd.DataFrame({"town": random.choice(names, rows, p=shares)})
        assert read(new, tmp_path / "new.csv", spec)[1] == ()
    new = pd.DataFrame({"town": ["town 3"] * 400 + list(random.choice(names, 600, p=shares))})
    (drift,) = read(new, tmp_path / "new.csv", spec)[1]
    assert (drift.what, drift.most and drift.most.category) == ("shares", "town 3")
    assert drift.size == pytest.approx(0.4 * (1 - shares[3]), abs=0.06)


def test_a_target_is_read_as_the_training_file_wrote_it(tmp_path: Path) -> None:
    numbers = np.arange(1000, 1090)
    written = [f"€ {number // 1000}.{number % 1000:03d},5" for number in numbers]
    frame = pd.DataFrame({"area": np.arange(90.0), "target": written})
    spec = spec_of(frame, tmp_path, task="regression")
    assert spec.target_written == "€ 1.234,5"
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec
    alone = pd.Series(["€ 1.234", "", "€ 2.000", "N/A"])
    assert quantities(alone, "y", spec.target_written).tolist() == pytest.approx(
        [1234, np.nan, 2000, np.nan], nan_ok=True
    )
    # Without what is kept, and where a file is written in another way, the most that fit say how.
    assert quantities(alone, "y").tolist() == pytest.approx([1.234, np.nan, 2.0, np.nan], nan_ok=True)
    plain = pd.Series(["1234.5", "99.25"])
    assert quantities(plain, "y", spec.target_written).tolist() == [1234.5, 99.25]
    with pytest.raises(InputError, match="should hold numbers, as most of its rows do, but holds 'many'"):
        quantities(pd.Series(["many", "1", "2", "more than that"]), "y", spec.target_written)


def test_nothing_is_said_of_a_target_that_is_plain(tmp_path: Path) -> None:
    frame = pd.DataFrame({"area": np.arange(90.0), "target": np.arange(90) + 0.5})
    assert "target_written" not in spec_of(frame, tmp_path).model_dump_json()
