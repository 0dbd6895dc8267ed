"""Train one Keras MLP. Knows Keras and the prepared data; knows nothing of Optuna.

Imports: data, errors, machine, settings, spaces, text, training.graph, training.keras_form, training.network,
training.own_model.
"""
