"""A network of the user's own: built by a function of theirs, trained by Keras's `fit`, judged by the same formulas.

Imports: data, errors, machine, spaces, training.network.
"""
