"""Two made tables to try perceptuna on: `customers.csv` (who leaves?) and `prices.csv` (for how much?).

    python examples/make_tables.py FOLDER

Numbers, categories, dates and booleans, with missing values; what is asked for follows from them and some noise.
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


def _with_gaps(table: pd.DataFrame, shares: dict[str, float], random: np.random.Generator) -> pd.DataFrame:
    for column, share in shares.items():
        table.loc[random.random(len(table)) < share, column] = np.nan
    return table


def write_tables(folder: Path) -> None:
    customers().to_csv(folder / "customers.csv", index=False)
    prices().to_csv(folder / "prices.csv", index=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_tables(Path(sys.argv[1]))
