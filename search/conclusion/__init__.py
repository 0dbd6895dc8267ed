"""Conclusions about a study by trainings of their own: confirmation and test, one factor at a time; statistics.

Imports: data, driving, errors, running, settings, storage, study, text, training.
"""
