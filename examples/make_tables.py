"""Tables to try perceptuna on: `customers.csv` (who leaves?), `prices.csv` (for how much?), customers by month, digits.

    python examples/make_tables.py FOLDER

Made ones have numbers, categories, dates and booleans, with missing values; what is asked for follows from them and
some noise. `digits.csv` is real: the handwritten digits that come with scikit-learn, a row of 64 brightnesses each.
`churn.csv`, `october.csv` and `november.csv` are those of docs/decision.md: one customer in several months, a category
of many values, a text, and one row in twenty that leaves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def customers(rows: int = 4000, seed: int = 0) -> pd.DataFrame:
    """Two classes, `stays` and `leaves`; about one in six labels is noise."""
    random = np.random.default_rng(seed)
    plan = random.choice(["basic", "family", "business"], rows, p=[0.5, 0.3, 0.2])
    months = random.integers(1, 72, rows)
    spend = random.gamma(3, 20, rows).round(2)
    since = pd.to_datetime("2026-10-01") - pd.to_timedelta(months * 30, unit="D")
    calls = random.poisson(1.5, rows)
    score = 0.9 * calls - 0.04 * months - 0.01 * spend + np.where(plan == "business", -1.5, 0.4)
    leaves = (score + random.logistic(0, 0.5, rows) > np.median(score)) ^ (random.random(rows) < 0.02)
    table = pd.DataFrame(
        {
            "plan": plan,
            "since": since.strftime("%Y-%m-%d"),
            "monthly spend": spend,
            "support calls": calls,
            "newsletter": random.random(rows) < 0.6,
            "leaves": np.where(leaves, "leaves", "stays"),
        }
    )
    return _with_gaps(table, {"plan": 0.03, "monthly spend": 0.08, "since": 0.02}, random)


def prices(rows: int = 3000, seed: int = 1) -> pd.DataFrame:
    """A regression in euros; the noise alone has a mean absolute error of about 7,200."""
    random = np.random.default_rng(seed)
    town = random.choice(["Ghent", "Bruges", "Lille"], rows)
    area = random.normal(90, 25, rows).clip(20).round(1)
    garden = random.random(rows) < 0.4
    built = pd.to_datetime("1950-01-01") + pd.to_timedelta(random.integers(0, 25_000, rows), unit="D")
    price = area * 2500 + np.where(town == "Ghent", 60_000, 0) + garden * 20_000
    table = pd.DataFrame(
        {
            "area": area,
            "town": town,
            "built": built.strftime("%Y-%m-%d"),
            "garden": garden,
            "price": (price + random.normal(0, 9000, rows)).round(),
        }
    )
    return _with_gaps(table, {"area": 0.1, "town": 0.05, "built": 0.03}, random)


_MESSAGES = {
    "calm": (["thanks for", "a question about", "please explain", "nothing new on"],
             ["the last bill", "my router", "the new app", "roaming abroad", "my second card", "the invoice address"],
             ["", "when you have time", "as discussed", "for my records", "it works well"]),
    "angry": (["again no answer about", "still waiting for", "not happy with", "I want to cancel"],
              ["the slow line", "the last bill", "my contract", "the higher price", "your hotline", "my router"],
              ["", "for three weeks", "others are cheaper", "this is the last time", "call me back"]),
}  # fmt: skip


def churn(rows: int = 8500, customers: int = 4000, seed: int = 2) -> dict[str, pd.DataFrame]:
    """A file name -> its rows: customers of some months, one row in twenty of whom `leaves` in the month after.

    July to September are `churn.csv`. In October prices rise by a fifth. Of November nobody knows yet who leaves.
    """
    random = np.random.default_rng(seed)
    customer = random.integers(0, customers, rows)  # (rows,), as all that follows
    month = random.choice(["2026-07", "2026-08", "2026-09", "2026-10", "2026-11"], rows)
    town = np.minimum(random.geometric(0.03, customers), 120)[customer]
    since = pd.to_datetime("2026-06-01") - pd.to_timedelta(random.integers(30, 2500, customers), unit="D")
    calls = random.poisson(0.8, rows)
    angry = random.random(rows) < 0.08 + 0.07 * calls
    spend = (
        random.gamma(4, 12, customers)[customer]
        * random.normal(1, 0.1, rows)
        * np.where(month > "2026-09", 1.2, 1)
    )
    score = 0.5 * calls + 1.8 * angry + 0.02 * spend + np.where(town % 9 == 0, 1.5, 0)
    score += np.where(since[customer] > "2025-06-01", 1.0, 0) + random.logistic(0, 0.6, rows)
    table = pd.DataFrame(
        {
            "customer_id": customer + 10_000,
            "month": month,
            "town": [f"town {number}" for number in town],
            "since": since[customer].strftime("%Y-%m-%d"),
            "monthly spend": spend.round(2),
            "support calls": calls,
            "last message": [_message(random, "angry" if one else "calm") for one in angry],
            "leaves": np.where(score > np.quantile(score[month < "2026-10"], 0.95), "yes", "no"),
        }
    ).drop_duplicates(["customer_id", "month"])
    table = _with_gaps(table, {"town": 0.03, "monthly spend": 0.08, "last message": 0.3}, random)
    return {
        "churn.csv": table[table["month"] < "2026-10"],
        "october.csv": table[table["month"] == "2026-10"],
        "november.csv": table[table["month"] == "2026-11"].drop(columns="leaves"),
    }


def digits() -> pd.DataFrame:
    """Ten classes: what was written, and its 8 x 8 brightnesses from 0 to 16."""
    from sklearn.datasets import load_digits

    table: pd.DataFrame = load_digits(as_frame=True).frame
    return table.astype(int).rename(columns={"target": "digit"})


def _message(random: np.random.Generator, mood: str) -> str:
    return " ".join(random.choice(part) for part in _MESSAGES[mood]).strip()


def _with_gaps(table: pd.DataFrame, shares: dict[str, float], random: np.random.Generator) -> pd.DataFrame:
    for column, share in shares.items():
        table.loc[random.random(len(table)) < share, column] = np.nan
    return table


def write_tables(folder: Path) -> None:
    customers().to_csv(folder / "customers.csv", index=False)
    prices().to_csv(folder / "prices.csv", index=False)
    digits().to_csv(folder / "digits.csv", index=False)
    for name, rows in churn().items():
        rows.to_csv(folder / name, index=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_tables(Path(sys.argv[1]))
