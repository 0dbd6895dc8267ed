"""Starts and resumes a study, as nothing else does: brings lock, data, workers and driver together.

Imports: data, driving, errors, given, machine, policies, settings, spaces, storage, study, text, training,
versions, workers.
"""
