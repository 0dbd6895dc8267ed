"""Weight histograms and the model of one trial for TensorBoard. No study keeps them: the trial is trained again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.models.replay import find_trained, replay
from search.study.study import Study
from search.text.formats import plural


def write_weights(study: Study, number: int, folder: Path, say: Callable[[str], None]) -> None:
    """Train trial `number` again, as `perceptuna replay` does, and write its weights after each epoch to `folder`.

    Raises:
        InputError: as `replay`; nothing is written then.
    """
    known = find_trained(study, number, "--histograms")
    epochs = plural(known.epochs or 0, "epoch")
    then = "" if known.seconds is None else f" ({known.seconds:.1f} s when it was run)"
    say(f"training trial {number} again for its weights: {epochs}{then} …")

    def callbacks() -> list[Any]:
        from search.analysis.tensorboard.weight_histograms import WeightHistograms

        return [WeightHistograms(str(folder))]

    began = time.monotonic()
    trained = replay(study, number, callbacks)
    say(f"trained again in {time.monotonic() - began:.1f} s, with the start of TensorFlow")
    for line in trained.sentences():
        say(line)
