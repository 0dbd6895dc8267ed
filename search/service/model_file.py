"""A model file as an answer: by itself, or in an archive with its facts."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from fastapi import Response

from search.models.facts_file import facts_beside


def model_answer(path: Path, name: str, accept: str) -> Response:
    """The .keras file `path` to be kept as `name`; where archives are accepted, with what stands beside it.

    The archive has `model.keras` and, as `model.json`, its facts.
    """
    if accept == "application/zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as files:
            files.write(path, "model.keras")
            files.write(facts_beside(path), "model.json")
        return Response(packed.getvalue(), media_type="application/zip")
    headers = {"Content-Disposition": f'attachment; filename="{name}.keras"'}
    return Response(path.read_bytes(), media_type="application/octet-stream", headers=headers)
