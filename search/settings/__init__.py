"""What a user can choose for a study: every setting with its default, the metrics, what a study may be called.

Imports: data, errors, machine, spaces, storage, text.
"""
