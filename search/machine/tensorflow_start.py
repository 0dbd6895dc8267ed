"""Start TensorFlow: quickly, and with its start-up log kept away from the user.

Its C++ part writes to standard error while it is imported and at its first operation, whatever
TF_CPP_MIN_LOG_LEVEL says (TensorFlow 2.21). Python's own messages and tracebacks come later and are not lost.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from search.machine.plain_keras import import_keras

_OF_KERAS_IN_CASE = ("sklearn", "matplotlib", "pandas", "scipy")
_starting = threading.Lock()
_started = False


@contextmanager
def tensorflow_log_silenced() -> Iterator[None]:
    """What is written to file descriptor 2 meanwhile is shown only when the block raises."""
    sys.stderr.flush()
    shown = os.dup(2)
    with _held_output() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            with suppress(OSError):  # nobody reads it
                os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)


def _held_output() -> BinaryIO:
    """In memory where the system has such files: the folder for temporary ones may be full or gone."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("held"), "w+b")
    return tempfile.TemporaryFile()


def start_tensorflow(threads: int) -> None:
    """Import it, limit its threads, run one operation.

    It takes the number of threads once, before its first operation: where data was prepared with it in this process, it
    keeps those that it had then. Whoever has started it already has done all of this.
    """
    with _starting:
        _start_once(threads)


def import_tensorflow() -> None:
    """Import it quickly, in a process that prepares data by it and trains nothing; it has all threads that it likes."""
    with _starting, _quick_imports():
        if not _started:
            import tensorflow  # noqa: F401

            import_keras()


def _start_once(threads: int) -> None:
    global _started
    if _started:
        return
    with tensorflow_log_silenced(), _quick_imports():
        import tensorflow as tf

        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
            for gpu in tf.config.list_physical_devices("GPU"):
                # Several workers share one GPU only when none takes all of its memory at once.
                tf.config.experimental.set_memory_growth(gpu, True)
        # Its rewriting of graphs costs a third of a new structure's time and makes no epoch faster.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        # It takes compiled epochs of different structures for one function that is traced over and over.
        tf.get_logger().setLevel("ERROR")
        import_keras()  # TensorFlow loads it at its first use
        tf.constant(0.0)
    _started = True


@contextmanager
def _quick_imports() -> Iterator[None]:
    """Nearly half of the time: no garbage collection, and none of the packages Keras loads in case they are used.

    They can be imported as usual afterwards; Keras's own plots and scikit-learn wrappers miss them. They stay where
    another thread may import them meanwhile.
    """
    alone = threading.current_thread() is threading.main_thread()
    hidden = [name for name in _OF_KERAS_IN_CASE if alone and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not to be found
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        # What was imported stays; without this each full collection walks through it, for a third of a second.
        gc.freeze()
        gc.enable()
