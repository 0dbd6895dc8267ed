"""Probabilities that come true as often as they say: one number that the logits of an exported network are divided by.

Imports: conclusion.ensemble, conclusion.statistics, data, errors, machine, models, study, text, training,
training.keras_form, training.network.
"""
