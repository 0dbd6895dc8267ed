"""Put into the folder of a `sitecustomize`: every worker of a study named `failing` fails at its second trial."""

from typing import Any

import search.workers.trial as workers

_train = workers._train


def _failing(task: Any, *others: Any) -> Any:
    if task.job.study == "failing" and task.number == 1:
        raise ValueError("made to fail:\n  as a bug would")
    return _train(task, *others)


workers._train = _failing
