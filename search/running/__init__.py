"""Starts, resumes and drives a study: the only place that runs one.

Imports: data, driving, errors, policies, settings, spaces, storage, study, training, versions, workers.
"""
