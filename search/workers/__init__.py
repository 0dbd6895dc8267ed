"""Where trials run: worker processes of this machine or of a Dask cluster, and one trial on them.

Imports: data, errors, machine, policies, settings, spaces, storage, study, training.
"""
