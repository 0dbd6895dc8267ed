"""What the service says to its operator: lines for people, or a JSON object a line for programs that collect logs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from search.errors import InputError

LogFormat = Literal["text", "json"]
LOG_FORMATS: tuple[LogFormat, ...] = get_args(LogFormat)

_ACCESS = "uvicorn.access"


class JSONFormatter(logging.Formatter):
    """`time` (ISO 8601, UTC), `level`, `logger` and `message`; of a request who asked what; of a bug its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name == _ACCESS and isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, _, status = record.args
            # What stands behind a question mark may be a token.
            path = str(path).partition("?")[0]
            facts |= {"message": f"{method} {path}", "client": client, "status": status}
        else:
            facts["message"] = record.getMessage()
        if record.exc_info:
            facts["exception"] = self.formatException(record.exc_info)
        return json.dumps(facts, ensure_ascii=False)


def check_log_format(given: str) -> LogFormat:
    """Raises InputError where there is no such format."""
    for known in LOG_FORMATS:
        if given == known:
            return known
    raise InputError(f"--log-format: expected {' or '.join(LOG_FORMATS)}, but got '{given}'")


def say_as_json(write: Callable[[str], None]) -> Callable[[str], None]:
    """What takes a remark and writes it as a line of the log."""
    formatter = JSONFormatter()

    def say(remark: str) -> None:
        record = logging.LogRecord("perceptuna", logging.INFO, "", 0, remark, None, None)
        write(formatter.format(record))

    return say


def uvicorn_logs(log_format: LogFormat) -> dict[str, Any]:
    """How uvicorn logs: warnings and bugs as it does by itself; as JSON, each request besides, to standard output."""
    if log_format == "text":
        return {"log_level": "warning", "access_log": False}
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JSONFormatter}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "stream": sys.stdout}},
        "loggers": {
            "uvicorn": {"handlers": ["out"], "level": "WARNING", "propagate": False},
            _ACCESS: {"handlers": ["out"], "level": "INFO", "propagate": False},
        },
    }
    return {"log_config": config, "access_log": True}
