"""What is recorded of each row that a model is judged on: the columns of the table that metrics are made of."""

from __future__ import annotations

COLUMNS: dict[str, tuple[str, ...]] = {
    "regression": ("loss", "absolute_error", "target"),
    "binary": ("loss", "crossentropy", "logit", "label"),
    "multiclass": ("loss", "crossentropy", "right"),
}
"""By task, in the order of the table. Targets and errors of a regression are standardised."""
