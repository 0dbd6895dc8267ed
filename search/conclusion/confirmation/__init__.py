"""What a search came to: the best few on fresh seeds, a winner, one look at the sealed test split.

Imports: conclusion, conclusion.calibration, conclusion.ensemble, conclusion.statistics, data, data.preparing,
driving, errors, machine, models, references, settings, storage, study, text, training, training.keras_form.
"""
