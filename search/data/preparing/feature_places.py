"""Which prepared features are of which column of the source."""

from __future__ import annotations

import numpy as np

from search.data.preparing.column_spec import NumberColumn
from search.data.preparing.spec import DataSpec
from search.data.rows.raw import Array


def places_of(spec: DataSpec) -> dict[str, Array]:
    """Positions in a prepared row of each column's features, int64 (features,), in the order of `preprocessing_model`.

    Numbers stand first, then the flags of missing numbers, then each category, text and date, at last the codes. The
    features of a vector are columns of one feature each, `feature 0` and on. Images have no columns.
    """
    if spec.kind == "image":
        return {}
    if spec.kind == "vector":
        return {f"feature {place}": np.array([place]) for place in range(spec.input_shape[0])}
    places: dict[str, list[int]] = {column.name: [] for column in spec.columns}
    numbers = [column for column in spec.columns if isinstance(column, NumberColumn)]
    others = [one for one in spec.columns if not isinstance(one, NumberColumn) and one not in spec.coded]
    order = [column.name for column in numbers if not column.untaught]
    order += [column.name for column in numbers if column.missing_flag]
    order += [column.name for column in others for _ in range(column.features)]
    order += [column.name for column in spec.coded]
    for place, name in enumerate(order):
        places[name].append(place)
    return {name: np.array(found, dtype=np.int64) for name, found in places.items()}
