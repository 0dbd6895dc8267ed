"""Drives a study: what is asked, told and kept while trials run elsewhere, and who may hear of it.

Imports: data, errors, machine, policies, references, settings, spaces, storage, study, text, training,
training.network, workers.
"""
