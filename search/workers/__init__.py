"""Where trials run: worker processes of this machine or of a Dask cluster, and one trial on them."""
