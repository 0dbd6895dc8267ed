"""One study as it is kept: its trials and what is written of them, where they came from, its looks and models.

Imports: data, data.preparing, data.reading, errors, machine, references, settings, spaces, storage, text, training.
"""
