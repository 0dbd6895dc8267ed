"""What a model goes by: columns that matter, what it answers along them, and the rows that it gets most wrong.

Imports: data, data.columns, data.preparing, data.rows, errors, models, settings, spaces, study, training,
training.network.
"""
