"""A model that is there, and new rows: what it answers, and how good its answers are.

Imports: answering.explaining, conclusion.statistics, data, data.columns, data.preparing, data.reading,
data.rows, errors, machine, models, settings, spaces, study, training, training.network.
"""
