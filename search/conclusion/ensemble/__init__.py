"""Several networks averaged in one model: which ones, whether they are better together, and what that costs.

Imports: conclusion.statistics, data, errors, machine, models, settings, spaces, study, text, training,
training.keras_form, training.network.
"""
