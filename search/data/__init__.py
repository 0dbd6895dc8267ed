"""Where rows come from: read a source, split it, preprocess it once, hand out memory-mapped arrays.

Importing this package costs NumPy and pydantic; pandas, scikit-learn, Pillow, pyarrow and Keras load where
needed.

Imports: data.preparing, data.reading, data.rows.
"""

from search.data.preparing.column_spec import CategoryColumn, DateColumn, NumberColumn, TextColumn
from search.data.preparing.components import Components
from search.data.preparing.fitted_folds import fitted_fold, folds_are_whole, prepare_folds, prepare_refit
from search.data.preparing.folds import all_rows_are_cut, fold_of, searched_weights, why_no_folds, write_fold
from search.data.preparing.preparation import prepare
from search.data.preparing.prepared import (
    PreparedData,
    is_whole,
    load_prepared,
    searched_files,
    searched_groups,
    weights_file,
)
from search.data.preparing.preprocessing import attach_preprocessing, preprocessing_model, raw_inputs
from search.data.preparing.spec import DataSpec
from search.data.preparing.spec_changes import spec_changes
from search.data.preparing.summary import DataSummary, describe
from search.data.reading.builtin import namesake_note
from search.data.reading.known_digests import fingerprint_file
from search.data.reading.source import fingerprint_source, read_source
from search.data.rows.raw import RawData, Table, TableColumn
from search.data.rows.request import BUILTIN_SOURCES, DataRequest

__all__ = [
    "BUILTIN_SOURCES",
    "CategoryColumn",
    "Components",
    "DataRequest",
    "DataSpec",
    "DataSummary",
    "DateColumn",
    "NumberColumn",
    "PreparedData",
    "RawData",
    "Table",
    "TableColumn",
    "TextColumn",
    "all_rows_are_cut",
    "attach_preprocessing",
    "describe",
    "fingerprint_file",
    "fingerprint_source",
    "fitted_fold",
    "fold_of",
    "folds_are_whole",
    "is_whole",
    "load_prepared",
    "namesake_note",
    "prepare",
    "prepare_folds",
    "prepare_refit",
    "preprocessing_model",
    "raw_inputs",
    "read_source",
    "searched_files",
    "searched_groups",
    "searched_weights",
    "spec_changes",
    "weights_file",
    "why_no_folds",
    "write_fold",
]
