"""The network as a compiled graph: what is trained, and measured, fast; equal to the Keras model to 1e-5.

Imports: data, spaces, training.network.
"""
