"""Routes of conclusions: have a study finalized or ablated, see what that came to, take the tested model along."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from search.analysis.facts.importance import importances
from search.analysis.terminal.ablation import ablation_facts
from search.conclusion.ablation.record import ablations
from search.conclusion.confirmation.record import read_conclusion
from search.driving.webhook import Webhook
from search.service.asking import Address, AnyUser, Changer, TheService, refuse_priority
from search.service.handing_in import LARGEST_PRIORITY
from search.service.jobs import MODEL, Job, ablate_job, finalize_job, trainings
from search.service.listing import row_of
from search.service.model_file import model_answer
from search.service.problems import Refused
from search.service.queue import QueuedStudy
from search.service.service import Service
from search.service.states import OVER, State
from search.service.users import User
from search.service.wishes import wish
from search.settings.chosen_metric import remark_on_accuracy
from search.study.record_of_looks import by_others, looks
from search.study.study import Study
from storage import is_driven

router = APIRouter(prefix="/api/v1/studies/{name}")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    workers: int | None = Field(None, ge=1, le=1024)
    priority: int = Field(0, ge=-LARGEST_PRIORITY, le=LARGEST_PRIORITY)
    notify_url: str | None = Field(None, max_length=2000)


class Finalize(_Asked):
    """As of `perceptuna finalize`. `again` has the test split looked at once more, for other options than before."""

    top: int = Field(5, ge=1, le=1000)
    seeds: int = Field(5, ge=2, le=1000)
    folds: int | None = Field(None, ge=2, le=100)
    ensemble: int | None = Field(None, ge=1, le=100)
    all_rows: bool = False
    calibrate: bool | None = None
    again: bool = False


class Ablate(_Asked):
    """As of `perceptuna ablate`."""

    trial: int | None = Field(None, ge=0, le=10**9)
    seeds: int = Field(3, ge=2, le=1000)


@router.post("/finalize", status_code=201)
def finalize(
    name: str, asked: Finalize, response: Response, service: TheService, user: Changer, address: Address
) -> dict[str, Any]:
    """Have a study that rests finalized, when it is its turn. Asked for the same again, it is the same."""
    study = _resting(service, name, user)
    job = finalize_job(study, **asked.model_dump(exclude={"again", *_Asked.model_fields}))
    before = service.queue.find(job.name)
    same = before is not None and before.job is not None and before.job.looks_as(job)
    if read_conclusion(study) is not None and not same and not asked.again:
        raise Refused(
            409,
            f"study '{name}' was finalized already, and each further look at its test split is worth less; ask for it "
            "with `again` if you want one more",
        )
    return _hand_in(service, study, job, asked, response, user, address)


@router.post("/ablate", status_code=201)
def ablate(
    name: str, asked: Ablate, response: Response, service: TheService, user: Changer, address: Address
) -> dict[str, Any]:
    """Have a study that rests ablated, when it is its turn. Asked for the same again, it is the same."""
    study = _resting(service, name, user)
    job = ablate_job(study, trial=asked.trial, seeds=asked.seeds)
    return _hand_in(service, study, job, asked, response, user, address)


@router.get("/conclusion")
def conclusion(name: str, service: TheService, user: AnyUser) -> dict[str, Any]:
    """What `finalize` and `ablate` came to, and their jobs."""
    del user
    study = service.study(name)
    study.refuse_foreign()
    found, opened = read_conclusion(study), looks(study)
    return {
        "jobs": [row_of(service, one.study, one).to_json() for one in service.queue.about(name)],
        "finalized": None if found is None else found.model_dump(mode="json"),
        "looks": [look.model_dump(mode="json") for look in opened],
        "same_test_split": by_others(study, opened),
        "remark": remark_on_accuracy(study.metric, study.data),
        "ablated": [ablation_facts(one, importances(study)) for one in ablations(study)],
    }


@router.get("/conclusion/model")
def model(
    name: str, service: TheService, user: AnyUser, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """The model that was tested, as a .keras file; with its facts, as application/zip."""
    del user
    service.study(name)
    job = next((one for one in service.queue.about(name) if one.job and one.job.command == "finalize"), None)
    if job is None or job.state is not State.FINISHED:
        why = "no service finalized it" if job is None else f"'{job.study}' is {job.state}"
        raise Refused(409, f"study '{name}' has no tested model here: {why}")
    path = service.drivers.folder(job.study) / MODEL
    return model_answer(path, name, accept)


def _resting(service: Service, name: str, user: User) -> Study:
    """A study that nobody drives, of which this user may ask for a conclusion.

    Raises:
        Refused: it is another's, or not at rest.
    """
    study, queued = service.study(name), service.queue.find(name)
    if queued is None and not user.may("admin"):
        raise Refused(403, f"study '{name}' was started from a shell, so an admin has to ask for it")
    if queued is not None and not user.may_change(queued.owner):
        raise Refused(403, f"study '{name}' belongs to '{queued.owner}'")
    if queued is not None and queued.job is None and queued.state not in (*OVER, State.PAUSED):
        raise Refused(409, f"study '{name}' is {queued.state}; wait for its end, or stop it first")
    if is_driven(service.url, name):
        raise Refused(409, f"study '{name}' is driven from a shell; wait for its end, or stop it first")
    study.refuse_foreign()
    return study


def _hand_in(
    service: Service,
    study: Study,
    job: Job,
    asked: Finalize | Ablate,
    response: Response,
    user: User,
    address: str,
) -> dict[str, Any]:
    """Its row in the queue: a new one, or the one that is there for the same, which goes on where it had not ended."""
    refuse_priority(user, asked.priority)
    if asked.notify_url is not None:
        Webhook.parse(asked.notify_url)
    before = service.queue.find(job.name)
    if before is not None and before.job != job:
        if before.job is None or before.state not in OVER:
            raise Refused(
                409, f"study '{job.name}' is {before.state} already; wait for its end, or cancel it"
            )
        service.queue.remove(job.name, OVER)
    about = service.queue.find(study.name)
    added = QueuedStudy(
        study=job.name,
        owner=about.owner if about else user.name,
        settings="{}",
        trials=trainings(job, study),
        workers=asked.workers,
        priority=asked.priority,
        job=job,
        notify=asked.notify_url,
    )
    if service.queue.add(added):
        told = ", ".join(f"{option} {value}" for option, value in job.options.items())
        service.users.record(user, address, job.command, f"{study.name}: {told}")
    else:
        response.status_code = 200
        if asked.notify_url is not None:
            service.queue.change(job.name, {"notify": asked.notify_url, "notified": None})
        found = service.queue.find(job.name)
        if found is not None and found.state in OVER and found.state is not State.FINISHED:
            wish(service.queue, job.name, "resume", None)
            service.users.record(user, address, "resume", job.name)
    service.supervisor.wake()
    response.headers["Location"] = f"/api/v1/studies/{job.name}"
    return row_of(service, job.name, service.queue.find(job.name)).to_json()
