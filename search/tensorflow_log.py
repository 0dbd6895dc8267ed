"""Keep TensorFlow's start-up log away from the user.

Its C++ part writes to standard error while it is imported and at its first operation, whatever
TF_CPP_MIN_LOG_LEVEL says (TensorFlow 2.21). Python's own messages and tracebacks come later and are not lost.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def tensorflow_log_silenced() -> Iterator[None]:
    """What is written to file descriptor 2 meanwhile is shown only when the block raises."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)


def start_tensorflow(threads: int) -> None:
    """Import it, limit its threads (it takes their number once, before its first operation), run one operation."""
    with tensorflow_log_silenced():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for gpu in tf.config.list_physical_devices("GPU"):
            # Several workers share one GPU only when none takes all of its memory at once.
            tf.config.experimental.set_memory_growth(gpu, True)
        # Its rewriting of graphs costs a third of a new structure's time and makes no epoch faster.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
        # It takes compiled epochs of different structures for one function that is traced over and over.
        tf.get_logger().setLevel("ERROR")
        tf.constant(0.0)
