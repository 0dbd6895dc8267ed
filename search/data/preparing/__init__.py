"""From raw rows to arrays for training: splits, what is fitted on training rows, the sealed test split.

Imports: data.columns, data.reading, data.rows, errors, machine, spaces.
"""
