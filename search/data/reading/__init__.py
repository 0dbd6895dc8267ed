"""The readers: from a file, a folder or a name to raw rows, or a refusal that says what to do.

Imports: data.columns, data.rows, errors, machine, spaces.
"""
