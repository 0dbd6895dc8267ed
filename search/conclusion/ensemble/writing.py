"""An ensemble as one model file, measured beside the file of the network that would be taken alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.conclusion.ensemble.comparing import cost_of
from search.conclusion.ensemble.network import averaged_network
from search.conclusion.ensemble.record import Cost, Ensemble
from search.machine.temporary import temporary_folder
from search.models.export import write_model

if TYPE_CHECKING:
    from search.conclusion.ensemble.network import Network
    from search.data import PreparedData


def write_ensemble(
    output: Path,
    facts: Mapping[str, Any],
    ensemble: Ensemble,
    members: Sequence[Mapping[str, Any]],
    networks: list[Network],
    data: PreparedData,
    temperature: float = 1.0,
) -> Cost:
    """Both files, as `write_model`: `facts` with the ensemble under its name, and more of each of its `members`.

    The logits of all together are divided by `temperature`.

    Raises:
        InputError: the disk takes no more.
    """
    from search.data import attach_preprocessing
    from search.training.keras_form.calibrated import calibrated_model

    shares = [member.weight for member in ensemble.members]
    alone, together = networks[0].model(data.spec), averaged_network(networks, shares, data.spec)
    if temperature != 1.0:
        together = calibrated_model(together, temperature, data.spec.task)
    with temporary_folder() as folder:
        files = folder / "alone.keras", folder / "together.keras"
        for core, file in zip((alone, together), files, strict=True):
            attach_preprocessing(core, data.spec).save(file)
        cost = cost_of((together, files[1]), (alone, files[0]), data.validation()[0])
        told = ensemble.model_dump(mode="json")
        told["members"] = [
            {**member.model_dump(mode="json"), **more}
            for member, more in zip(ensemble.members, members, strict=True)
        ]
        whole = {
            **facts,
            "value": ensemble.value,
            **ensemble.beside,
            "ensemble": {**told, "cost": cost.model_dump(mode="json")},
        }
        write_model(output, whole, files[1])
    return cost
