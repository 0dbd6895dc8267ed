"""What is kept of a study as one typed record: read from its attributes, and written to them, in this file alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import BaseModel

from search.errors import InputError
from search.references.record import References
from search.settings.settings import StudySettings
from search.study.origin import Predecessor
from search.study.planned_trial import PlannedTrial, plan_json, plan_of
from spaces import Space
from storage import ARTIFACT_FOLDER
from storage.one_study import studies_with

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage
    from sqlalchemy import Connection

    from search.data import DataSpec

_ABLATION = "ablation_"
# Before there was a table for them, looks at the test split were attributes: this, and a number.
EARLIER_LOOK = "test_split_opened_"


class MadeWith(TypedDict, total=False):
    """What a study is made with, in the order in which it is written.

    Attributes:
        identity: tells it from others of its name.
        companion_of: of a companion, the name of the study that it is about; `companion_about` is that one's identity.
        go_on: the command that goes on with it, where that is not `perceptuna resume`.
        continues: the study whose trials it took over.
        artifact_folder: absolute, of a study on a server.
    """

    identity: str
    metric: str
    settings: StudySettings
    space: Space
    space_fingerprint: str
    data: DataSpec
    data_fingerprint: str
    plan: Sequence[PlannedTrial]
    companion_of: str
    companion_about: str
    go_on: str
    continues: Predecessor
    artifact_folder: str


class StudyFacts(MadeWith, total=False):
    """All that is kept of a study, by the names in the database.

    Attributes:
        perceptuna: the version that made it; what comes last of it, so that it says that it is whole.
        stop_requested: set by `perceptuna stop`, read by the driver.
        constant: the value that one answer for every row reaches.
        references: the reference models beside its networks.
        conclusion: what `finalize` found.
        ablations: what `ablate` found, by the trial that it is around.
    """

    perceptuna: str
    stop_requested: bool
    constant: float
    references: References
    conclusion: BaseModel
    ablations: Mapping[int, BaseModel]


@dataclass(frozen=True)
class StudyRecord:
    """What is kept of a study, as it was when it was read; each fact is parsed when it is asked for.

    Properties that are not optional raise InputError, saying which study it is, where another program made it.
    """

    where: str
    stored: Mapping[str, Any] = field(repr=False)

    def _made(self, fact: str) -> Any:
        if fact not in self.stored:
            raise InputError(
                f"{self.where} was not made by perceptuna (it has no '{fact}'); "
                "open it with the program that made it; if a kill left it half made, `perceptuna run` starts it anew"
            )
        return self.stored[fact]

    @property
    def settings(self) -> StudySettings:
        # Earlier versions knew no configurations.
        return StudySettings.model_validate({"known": False, **json.loads(self._made("settings"))})

    def refuse_foreign(self) -> None:
        """Raises InputError where another program made it."""
        self._made("settings")

    @property
    def is_foreign(self) -> bool:
        """Whether another program made it, of which nothing is known."""
        return "settings" not in self.stored

    @property
    def is_incomplete(self) -> bool:
        """Whether nothing is there beside what a study is made with."""
        return self.stored.keys() <= MadeWith.__annotations__.keys()

    @property
    def space(self) -> Space:
        return Space.from_json(self._made("space"))

    @property
    def data(self) -> DataSpec:
        from search.data import DataSpec

        return DataSpec.model_validate_json(self._made("data"))

    @property
    def data_as_written(self) -> dict[str, Any]:
        """The data's description as whatever version wrote it."""
        described: dict[str, Any] = json.loads(self._made("data"))
        return described

    @property
    def metric(self) -> str:
        return str(self._made("metric"))

    @property
    def known_metric(self) -> str | None:
        """None where another program made it."""
        metric = self.stored.get("metric")
        return metric if isinstance(metric, str) else None

    @property
    def identity(self) -> str:
        return str(self._made("identity"))

    @property
    def known_identity(self) -> str | None:
        """None where it has none, as of another program or a version before there were any."""
        return self.stored.get("identity")

    @property
    def plan(self) -> list[PlannedTrial]:
        """Empty for a study without one."""
        return plan_of(self.stored.get("plan", "[]"))

    @property
    def companion_of(self) -> str | None:
        return self.stored.get("companion_of")

    @property
    def companion_about(self) -> str | None:
        return self.stored.get("companion_about")

    @property
    def go_on(self) -> str | None:
        return self.stored.get("go_on")

    @property
    def continues(self) -> Predecessor | None:
        """None for a study that began with nothing."""
        written = self.stored.get("continues")
        return None if written is None else Predecessor.model_validate_json(written)

    @property
    def artifact_folder(self) -> str | None:
        return self.stored.get(ARTIFACT_FOLDER)

    @property
    def made_by(self) -> str | None:
        """The version of perceptuna that made it."""
        return self.stored.get("perceptuna")

    @property
    def stop_requested(self) -> bool:
        return bool(self.stored.get("stop_requested"))

    @property
    def constant(self) -> float | None:
        return self.stored.get("constant")

    @property
    def references(self) -> References:
        """Without models where none was fitted yet, as of a study of a version that had none."""
        written = self.stored.get("references")
        return References() if written is None else References.model_validate_json(written)

    @property
    def conclusion(self) -> str | None:
        """As JSON."""
        return self.stored.get("conclusion")

    def ablation(self, trial: int) -> str | None:
        """Around `trial`, as JSON."""
        return self.stored.get(f"{_ABLATION}{trial}")

    @property
    def is_ablated(self) -> bool:
        """Whether `ablate` found something around one of its trials."""
        return any(key.startswith(_ABLATION) for key in self.stored)

    @property
    def earlier_looks(self) -> list[dict[str, Any]]:
        """Looks at the test split that a version wrote which had no table for them."""
        return [json.loads(text) for key, text in self.stored.items() if key.startswith(EARLIER_LOOK)]


def all_study_records(storage: BaseStorage) -> dict[str, StudyRecord]:
    """Those of all studies of a database by name, in order of creation."""
    studies = storage.get_all_studies()
    return {one.study_name: StudyRecord(f"study '{one.study_name}'", one.user_attrs) for one in studies}


def search_names(connection: Connection) -> list[str]:
    """Names of all studies that are about no other one, in order of creation."""
    return [name for name, about in studies_with(connection, "companion_of") if about is None]


def record_of(storage: BaseStorage, study_id: int) -> StudyRecord:
    """That of the study with this id."""
    return StudyRecord(f"study {study_id}", storage.get_study_user_attrs(study_id))


def attributes_of_study(facts: StudyFacts) -> dict[str, Any]:
    """Facts as they are stored, in their order."""
    written: dict[str, Any] = {}
    for name, fact in facts.items():
        match fact:
            case Space():
                written[name] = fact.to_json()
            case BaseModel():
                written[name] = fact.model_dump_json()
            case list():
                written[name] = plan_json(fact)
            case Mapping():
                written |= {f"{_ABLATION}{trial}": found.model_dump_json() for trial, found in fact.items()}
            case _:
                written[name] = fact
    return written


def keep_study_facts(study: optuna.Study, facts: StudyFacts) -> None:
    """Each in a transaction of its own, in place of an earlier one."""
    for key, value in attributes_of_study(facts).items():
        study.set_user_attr(key, value)


def copy_attributes(record: StudyRecord, study: optuna.Study) -> None:
    """All that `record` has into `study`."""
    for key, value in record.stored.items():
        study.set_user_attr(key, value)
