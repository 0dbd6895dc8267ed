"""What `--from` does: trials of an earlier study, rewritten for the space of the next one.

Imports: data, errors, policies, settings, spaces, study.
"""
