"""What each part of a configuration is worth: one factor at a time, on fresh seeds.

Imports: conclusion, conclusion.statistics, data, driving, errors, settings, spaces, study, text,
training.network.
"""
