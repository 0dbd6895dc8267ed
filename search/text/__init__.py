"""Numbers, durations and words as people write and read them, and text of others made harmless.

Imports: spaces.
"""
