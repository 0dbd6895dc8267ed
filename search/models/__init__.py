"""Models out of a study: the best one as a file, and any trial trained again, bit by bit.

Imports: data, data.rows, errors, machine, settings, storage, study, text, training, training.keras_form,
training.network.
"""
