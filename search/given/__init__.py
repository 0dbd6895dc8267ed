"""Rows and spaces that a program hands over, as files that every command can read.

Imports: data, data.rows, errors, machine, settings, spaces, storage, study.
"""
