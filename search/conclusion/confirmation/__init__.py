"""What a search came to: the best few on fresh seeds, a winner, one look at the sealed test split.

Imports: conclusion, conclusion.statistics, data, data.preparing, errors, machine, models, running, settings,
storage, study, training.
"""
