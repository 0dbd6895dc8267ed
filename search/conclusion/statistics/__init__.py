"""What a few trainings and the rows they are judged on can show, and what not.

Imports: data.columns, data.rows, settings, study, text.
"""
