"""Drives a study: what is asked, told, kept and shown while trials run elsewhere."""
