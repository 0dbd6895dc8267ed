"""Dask without its logs."""

from __future__ import annotations

import logging

import dask

# What fails inside Dask comes to a study as an exception, which is told; its logs would tell it again, as tracebacks.
_LOGGERS = ("asyncio", "distributed", "tornado")


def silence_dask() -> None:
    """In this process, from now on. Dask gives some of its loggers a level of their own, by a user's settings too.

    Nor is it to warn of a large message, as a checkpoint is one.
    """
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
    there = [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith(tuple(f"{one}." for one in _LOGGERS))
    ]
    for name in [*_LOGGERS, *there]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
