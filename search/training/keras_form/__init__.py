"""The network as a Keras model: what is exported, and what callbacks look at. Its layers are made here alone.

Imports: data, spaces, training.network.
"""
