"""Splits as the user says: no group on two sides, the past first, files and columns that say it; nothing leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused

from search.data import DataRequest, Table, describe, fingerprint_source, read_source, spec_changes
from search.data.preparing.fitting import fit_spec
from search.data.preparing.group_split import sides_by_group
from search.data.preparing.splitting import split_in_words, split_of
from search.data.preparing.time_split import sides_by_time

SIDES = ("train", "validation", "test")
fractions = st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.4))


@settings(max_examples=100)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=60),
    shares=fractions,
    classes=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)
def test_every_side_has_groups_and_the_rows_it_should_have_as_far_as_groups_allow(
    sizes, shares, classes, seed
):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = np.random.default_rng(seed).integers(0, classes, len(groups))
    wanted = (1 - sum(shares), *shares)
    sides, again = (
        sides_by_group(groups, y, wanted, np.random.Generator(np.random.PCG64(seed))) for _ in range(2)
    )
    assert (sides == again).all()
    assert sorted(set(sides.tolist())) == [0, 1, 2]
    if len(sizes) >= 20:
        rows = np.bincount(sides[groups], minlength=3)
        assert (np.abs(rows - np.array(wanted) * len(groups)) <= 12 + 0.1 * len(groups)).all()


def test_classes_are_even_over_the_sides_and_another_seed_splits_otherwise():
    random = np.random.default_rng(0)
    sizes = random.integers(1, 9, 400)
    groups = np.repeat(np.arange(400), sizes)
    # A group has one class in most of its rows; three in a hundred rows are of the last class.
    of_group = random.choice(3, 400, p=[0.67, 0.3, 0.03])
    y = np.where(random.random(len(groups)) < 0.9, of_group[groups], 0)

    def sides(seed):
        return sides_by_group(groups, y, (0.7, 0.15, 0.15), np.random.Generator(np.random.PCG64(seed)))

    first, second = sides(0), sides(1)
    assert (first != second).mean() > 0.2
    for label in range(3):
        shares = np.bincount(first[groups][y == label], minlength=3) / (y == label).sum()
        assert shares == pytest.approx([0.7, 0.15, 0.15], abs=0.03)


@settings(max_examples=100)
@given(
    times=st.lists(st.integers(0, 30), min_size=10, max_size=200).filter(lambda found: len(set(found)) > 2),
    shares=fractions,
)
def test_every_training_time_is_before_every_validation_time_and_these_before_the_test(times, shares):
    values = np.array(times, dtype=np.float64)
    sides = sides_by_time(values, (1 - sum(shares), *shares))
    parts = [values[sides == side] for side in range(3)]
    assert parts[0].max() < parts[1].min()
    assert parts[1].max() < parts[2].min()
    commonest = np.unique(values, return_counts=True)[1].max()
    if len(set(times)) > 15:
        assert abs(len(parts[2]) - shares[1] * len(values)) <= commonest + 1


def rows(count=240, *, first=0):
    """Customers with several orders each; what is bought says little, and days go on."""
    random = np.random.default_rng(first)
    number = np.arange(first, first + count)
    return pd.DataFrame(
        {
            "customer": [f"c{value}" for value in random.integers(0, 60, count) + first],
            "day": pd.date_range("2024-01-01", periods=first + count, freq="h")[first:].strftime("%Y-%m-%d"),
            "step": number // 2,
            "part": np.array(["train", "train", "train", "val", "Test"])[number % 5],
            "town": random.choice(["a", "b", "c"], count),
            "age": random.normal(40, 10, count).round(1),
            "y": random.choice(["no", "yes"], count),
        }
    )


@pytest.fixture
def request_of(tmp_path):
    """A request for the rows of `rows`, with files of their own where it names them."""

    def make(ending="csv", **options):
        for name, frame in (
            ("rows", rows()),
            ("validation", rows(60, first=240)),
            ("test", rows(70, first=312)),
        ):
            path = tmp_path / f"{name}.{ending}"
            frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
        named = {
            name: str(tmp_path / f"{value}.{ending}") if name in ("validation", "test") else value
            for name, value in options.items()
        }
        return DataRequest(str(tmp_path / f"rows.{ending}"), **({"target": "y"} | named))

    return make


WAYS = {
    "group": {"group": "customer"},
    "time": {"time": "day"},
    "numbers": {"time": "step"},
    "column": {"split_column": "part"},
    "files": {"validation": "validation", "test": "test"},
    "group and test": {"group": "customer", "test": "test"},
    "time and files": {"time": "day", "validation": "validation", "test": "test"},
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_fitted_is_fitted_on_training_rows_alone(request_of, way):
    """Whatever validation and test rows hold: means, medians, categories and the target's scale stay."""
    raw = read_source(request_of(**WAYS[way]))
    split = split_of(raw)
    parts = [getattr(split, side) for side in SIDES]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(raw.y)))
    others = np.concatenate(parts[1:])
    columns = {}
    for name, column in raw.x.columns.items():
        values = column.values.copy()
        values[others] = 1e6 if column.kind in ("number", "boolean") else "1901-01-01"
        columns[name] = replace(column, values=values)
    changed = replace(raw, x=Table(columns))
    assert fit_spec(changed, split, "").columns == fit_spec(raw, split, "").columns
    regression = replace(raw, task="regression", class_names=(), y=raw.y.astype(np.float64))
    changed = replace(regression, y=np.where(np.isin(np.arange(len(raw.y)), others), 1e9, regression.y))
    one, other = (fit_spec(of, split, "") for of in (regression, changed))
    assert (one.target_mean, one.target_std) == (other.target_mean, other.target_std)


def test_no_group_is_on_two_sides_and_it_is_no_feature(request_of):
    raw = read_source(request_of(group="customer"))
    assert "customer" not in raw.x.columns
    split = split_of(raw)
    held = [set(raw.groups[getattr(split, side)].tolist()) for side in SIDES]
    assert sum(map(len, held)) == len(set.union(*held))
    told = split_in_words(raw, split)
    count = rows()["customer"].nunique()
    assert told.startswith(f"240 rows in {count} groups by 'customer', and no group is on two sides: ")
    assert fit_spec(raw, split, "").split == told == describe(raw).to_json()["split"]


def test_rows_without_a_group_are_one(csv):
    text = "g,a,y\n" + "".join(f"{'' if n % 4 == 0 else n // 3},{n},{n * 1.5}\n" for n in range(60))
    raw = read_source(csv(text, group="g"))
    assert "15 rows have no value in the group column 'g': they are one group" in raw.notes
    assert len(set(raw.groups[::4].tolist())) == 1


def test_a_date_that_orders_the_rows_stays_a_feature_and_a_number_does_not(request_of):
    of_days, of_steps = (read_source(request_of(time=name)) for name in ("day", "step"))
    assert of_days.x.columns["day"].kind == "date"
    assert "step" not in of_steps.x.columns
    assert any("'step' orders the rows and is no feature" in note for note in of_steps.notes)
    assert "step" in read_source(request_of(time="step", number=("step",))).x.columns
    assert "day" not in read_source(request_of(time="day", drop=("day",))).x.columns
    told = split_in_words(of_days, split_of(of_days))
    assert told == (
        "rows are split by time, 'day', the past first: training 2024-01-01 to 2024-01-07, validation 2024-01-08, "
        "test 2024-01-09 to 2024-01-10"
    )


def test_rows_without_a_time_are_left_out_and_told(csv):
    text = "t,a,y\n" + "".join(f"{'' if n == 7 else n},{n % 5},{n * 1.5}\n" for n in range(60))
    raw = read_source(csv(text, time="t"))
    assert len(raw.y) == len(raw.times.values) == 59
    assert "1 row is left out: it has no value in the time column 't'" in raw.notes


def test_a_column_says_which_rows_are_for_what(request_of):
    raw = read_source(request_of(split_column="part"))
    assert (raw.given_validation, raw.given_test) == (48, 48)
    assert "part" not in raw.x.columns
    expected = rows()
    validation = raw.x.take(split_of(raw).validation).columns["age"].values
    assert validation.tolist() == expected["age"][expected["part"] == "val"].tolist()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_validation_and_test_rows_may_have_files_of_their_own(request_of, ending):
    request = request_of(ending, validation="validation", test="test")
    raw = read_source(request)
    split = split_of(raw)
    assert [len(getattr(split, side)) for side in SIDES] == [240, 60, 70]
    assert raw.x.take(split.test).columns["age"].values.tolist() == rows(70, first=312)["age"].tolist()
    assert split_in_words(raw, split) == "validation and test rows are from files of their own"
    assert fingerprint_source(request) != fingerprint_source(replace(request, validation=None, test=None))


def test_a_column_is_read_alike_in_all_files(csv, tmp_path):
    """1 and 1.0, of a column with a gap in one file, and with text in another."""
    (tmp_path / "test.csv").write_text("a,b,y\n" + "".join(f"{n % 5},x{n},{n}.5\n" for n in range(12)))
    text = "a,b,y\n" + "".join(f"{'' if n == 3 else n % 5},{n % 4},{n}.5\n" for n in range(40))
    raw = read_source(csv(text, test=str(tmp_path / "test.csv"), category=("a",)))
    assert set(raw.x.columns["a"].values) == {"", "0", "1", "2", "3", "4"}
    assert raw.x.columns["b"].kind == "category"


@pytest.mark.parametrize(
    ("options", "emptied", "expected"),
    [
        (
            {"split_column": "part"},
            ("rows", "part", "val"),
            "none of the 48 validation rows has a value in the target",
        ),
        ({"test": "test"}, ("test", "y", None), "none of the 70 test rows has a value in the target 'y', so"),
        (
            {"time": "step", "validation": "validation", "test": "test"},
            ("validation", "step", None),
            "none of the 60 validation rows has a value in the target 'y' and in 'step'",
        ),
    ],
)
def test_a_side_that_was_given_is_never_taken_from_the_training_rows(
    request_of, tmp_path, options, emptied, expected
):
    """As where a competition's test rows come with an empty target."""
    request = request_of(**options)
    name, column, side = emptied
    frame = {"rows": rows(), "validation": rows(60, first=240), "test": rows(70, first=312)}[name]
    gone = frame["part"] == side if side else frame.index >= 0
    frame["y" if side else column] = frame["y" if side else column].astype(object).mask(gone)
    frame.to_csv(tmp_path / f"{name}.csv", index=False)
    refused(request, tmp_path, expected)


def test_of_a_changed_fingerprint_all_files_are_told(request_of):
    raw = read_source(request_of(test="test"))
    before, after = (fit_spec(raw, split_of(raw), fingerprint) for fingerprint in ("before", "after"))
    (told,) = spec_changes(before, after)
    assert "rows.csv, or of a file of its validation or test rows, is not that of" in told


def test_validation_and_test_rows_are_not_the_same_file(request_of, tmp_path):
    request = request_of(validation="test", test="test")
    refused(request, tmp_path, "--test: ", "has the rows of --validation ")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"group": "customre"}, "--group: "),
        ({"group": "y"}, "--group: 'y' is the target; name another column"),
        ({"group": "customer", "number": ("customer",)}, "'customer' is the column of --group, which says"),
        (
            {"group": "one"},
            "--group: column 'one' has 1 different value, and each of the 3 sides needs groups",
        ),
        ({"time": "two"}, "--time: column 'two' has 2 different values"),
        ({"time": "town"}, "holds no dates and no numbers, but 'c' ("),
        ({"time": "hour"}, "holds times of a day (10:00)"),
        ({"split_column": "town"}, "holds 'c' ("),
        ({"split_column": "without_test"}, "has no row for test; it should hold train, validation"),
        ({"validation": "lacking"}, "lacks columns that "),
        ({"validation": "nowhere"}, "--validation: there is no file"),
        ({"test": "rows"}, "has the rows of"),
        (
            {"group": "customer", "test": "validation"},
            " are among the training and the test rows of the files",
        ),
        ({"time": "day", "test": "early"}, "--time: test rows begin at 2024-01-01"),
        ({"time": "step", "target": "late"}, "no training row is of class 'new' when rows are split so"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(request_of, tmp_path, options, expected):
    request = request_of(**options)
    frame = rows().assign(one="x", two=np.arange(240) % 2, hour="10:00")
    frame["without_test"] = np.array(["train", "valid"])[frame["step"] % 2]
    frame["late"] = np.where(frame["step"] > 110, "new", "old")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.drop(columns=["age", "town"]).to_csv(tmp_path / "lacking.csv", index=False)
    frame.assign(customer="c1").iloc[:30].to_csv(tmp_path / "early.csv", index=False)
    if options.get("test") == "validation":
        frame.iloc[::20].to_csv(tmp_path / "validation.csv", index=False)
    refused(request, tmp_path, expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"group": "a", "time": "b"}, "--group a and --time b say in two ways"),
        ({"split_column": "a", "test": "b.csv"}, "--split-column a and --test b.csv say in two ways"),
        (
            {"test": "b.csv", "test_fraction": 0.3},
            "--test-fraction 0.3 shares out no rows, since --test b.csv",
        ),
        ({"split_column": "a", "val_fraction": 0.3}, "since --split-column a says which are for validation"),
    ],
)
def test_options_that_contradict_are_refused(options, expected):
    with pytest.raises(Exception, match=expected):
        DataRequest("rows.csv", **options)
