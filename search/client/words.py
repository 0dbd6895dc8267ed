"""What a study of a service says, as the lines that `perceptuna run` prints here."""

from __future__ import annotations

from typing import Any

from search.driving.remaining import Interval, left_words
from search.references.record import Reference
from search.references.words import told
from search.text import formats


class EventLines:
    """Turns events into lines, each of which may need what came before it."""

    def __init__(self) -> None:
        self._words: dict[int, str] = {}

    def line_of(self, event: dict[str, Any]) -> str | None:
        """A line, or None of what is not shown."""
        kind = event["event"]
        if kind == "trial_started":
            self._words[event["trial"]] = event.get("what", "")
            return None
        if kind == "trial_ended":
            return self._trial_ended(event)
        if kind == "trial_requeued":
            later = "be run again with the same hyperparameters and seed"
            if event["epoch"]:
                later = f"go on after epoch {event['epoch']:,}"
            return f"trial {event['trial']}: {event['reason']}; it will {later}"
        if kind == "trial_rejected":
            return f"trial {event['trial']}: not trained, {event['reason']}"
        if kind == "stopping":
            return f"{event['reason']}: running trials end at their next epoch …"
        if kind == "reference_ended":
            return told(_reference(event), event.get("metric", ""))
        if kind == "driver_started":
            return f"runs on {formats.plural(event.get('workers', 1), 'slot')} of the service"
        return None

    def _trial_ended(self, event: dict[str, Any]) -> str:
        number, state, metric = event["trial"], event["state"], event.get("metric", "value")
        reason = event["reason"] or ""
        if event["value"] is not None:
            ended = f"{state}: {metric} {formats.number(event['value'])}"
        else:
            ended = reason if reason.startswith(state) else f"{state}: {reason}"
        best = ""
        if event["best"] is not None:
            of = f" (trial {event['best_trial']})" if "best_trial" in event else ""
            best = f" | best {formats.number(event['best'])}{of}"
        left = event["seconds_left"]
        words = left_words(Interval(**left) if left else None, event["finished"])
        return (
            f"[{event['finished']:,}/{event['budget']:,}] trial {number} {ended} "
            f"| {self._words.pop(number, '')}{best} | {words}"
        )


def _reference(event: dict[str, Any]) -> Reference:
    """As it was before it became an event."""
    metrics = {name.removeprefix("val_"): of for name, of in event["metrics"].items() if of is not None}
    return Reference(
        name=event["reference"], metrics=metrics, reason=event.get("reason"), note=event.get("note")
    )
