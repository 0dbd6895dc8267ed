"""Train one Keras MLP. Knows Keras and the prepared data; knows nothing of Optuna.

Imports: data, errors, settings, spaces, text, training.graph, training.keras_form, training.network.
"""
