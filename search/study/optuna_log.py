"""What Optuna logs and warns of on behalf of perceptuna is left out; what the program itself asks of Optuna stays."""

from __future__ import annotations

import inspect
import logging
import warnings

# As `warnings` matches the module that is warned, at its beginning.
_OURS = r"(search|storage|spaces)\."
_ROOMS = ("search.", "storage.", "spaces.")


def quiet_optuna() -> None:
    """Its log repeats what the progress table shows, and warns of what a conditional space does on purpose.

    Errors stay. So does all that a notebook's own studies log: whose call it is, the stack says.
    """
    import optuna

    for handler in logging.getLogger("optuna").handlers:
        if not any(isinstance(one, _OursLeftOut) for one in handler.filters):
            handler.addFilter(_OursLeftOut())
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning, module=_OURS)


class _OursLeftOut(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # A handler of Optuna's may be one of the program's own, which handles all that it logs.
        of_optuna = record.name.partition(".")[0] == "optuna"
        return not of_optuna or record.levelno >= logging.ERROR or not _is_asked_by_us()


def _is_asked_by_us() -> bool:
    """Whether a function of perceptuna is among the callers of the one that logs."""
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_ROOMS) and name != __name__:
            return True
        frame = frame.f_back
    return False
