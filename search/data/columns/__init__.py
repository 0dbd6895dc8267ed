"""What a column of text or numbers means: kinds, numbers, dates, missing values, targets.

Imports: data.rows, errors.
"""
