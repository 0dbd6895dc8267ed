"""Reads a finished or running study."""
