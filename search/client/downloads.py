"""What a service has made, as files here."""

from __future__ import annotations

from pathlib import Path

from search.client.service_client import ServiceClient
from search.machine.writing import check_place, refuse_to_replace, written_whole
from search.models.facts_file import facts_beside


def write_report(client: ServiceClient, study: str, output: Path, *, force: bool) -> None:
    """The page of `perceptuna report`.

    Raises:
        InputError: it cannot be written to `output`, or something is there and not to be replaced.
    """
    check_place(output, [".html"])
    refuse_to_replace([output], force=force)
    _write(output, client.report(study))


def write_model(
    client: ServiceClient, study: str, output: Path, *, force: bool, tested: bool = False
) -> Path:
    """The best model, or the one that `finalize` `tested`, and the file of its facts beside it, which is returned.

    Raises:
        InputError: as `write_report`.
    """
    beside = check_model_place(output, force=force)
    model, facts = client.tested_model(study) if tested else client.model(study)
    _write(output, model)
    _write(beside, facts)
    return beside


def check_model_place(output: Path, *, force: bool) -> Path:
    """Where the facts of a model at `output` go. Raises InputError where the two cannot be written."""
    check_place(output, [".keras"])
    beside = facts_beside(output)
    refuse_to_replace([output, beside], force=force)
    return beside


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as partial:
        partial.write_bytes(content)
