"""A study's trials for TensorBoard: after the fact, while it runs, and with weights.

Imports: driving, errors, models, settings, spaces, study, text, workers.
"""
