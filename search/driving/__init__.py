"""Drives a study: what is asked, told, kept and shown while trials run elsewhere.

Imports: data, errors, machine, policies, settings, spaces, storage, study, text, training, workers.
"""
