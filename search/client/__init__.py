"""Talks to a team's service over HTTP: hands studies in, follows them, asks for what they found.

Imports: data.reading, driving, errors, machine, models, references, settings, spaces, text.
"""
