"""Rows as they were asked for and as they were read, before anything is made of them.

Imports: errors.
"""
