"""Every public name of `perceptuna` says what it is, with an example that runs."""

from __future__ import annotations

import doctest
import inspect
import types
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flowers import Place
from made_studies import made_study, mixed_trials
from service_here import service_here

import perceptuna as pt
from perceptuna.concluding import Concluding
from perceptuna.looking import Looking
from perceptuna.plots import Plots

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def documented() -> Iterator[tuple[str, object]]:
    """Functions and classes, and what classes have of their own, by name."""
    for found in (*(getattr(pt, name) for name in pt.__all__), Looking, Concluding, Plots):
        if not isinstance(found, type):
            yield found.__name__, found
        elif not issubclass(found, Exception):
            yield found.__name__, found
            for member, of in vars(found).items():
                if not member.startswith("_") and isinstance(of, types.FunctionType | property | classmethod):
                    yield f"{found.__name__}.{member}", of


NAMES = dict(documented())


@pytest.fixture(scope="module")
def service(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pt.Service]:
    with service_here(tmp_path_factory.mktemp("service"), place.folder / "perceptuna.db") as service:
        yield service


def of_service(service: pt.Service) -> dict[str, object]:
    """What examples of a service are given."""
    studies = {"study": service.load_study("flowers"), "queued": service.search("digits", trials=20)}
    return {"service": service, **studies}


@pytest.mark.parametrize("name", NAMES)
def test_its_example_runs(name: str, here: Place, calibrated: None, request: pytest.FixtureRequest) -> None:
    text = inspect.getdoc(NAMES[name]) or ""
    asks = name.split(".")[0] in ("Service", "ServiceStudy")
    of_it = of_service(request.getfixturevalue("service")) if asks else {}
    given = {
        "pt": pt,
        "frame": here.frame,
        "study": here.study,
        "conclusion": here.conclusion,
        "running": here.running,
        "ablation": here.ablation,
        "model": here.conclusion.model,
        "long": SimpleNamespace(plot=Plots(lambda: made_study(mixed_trials(60)))),
        "classifier": here.classifier,
        "regressor": here.regressor,
        **of_it,
    }
    example = doctest.DocTestParser().get_doctest(text, given, name, None, 0)
    assert example.examples, "has no example"
    told: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(example, out=told.append)
    assert not told, "".join(told)


@pytest.mark.parametrize("error", [name for name in pt.__all__ if name not in NAMES])
def test_each_error_is_of_one_tree(error: str) -> None:
    assert issubclass(getattr(pt, error), pt.PerceptunaError)
    assert getattr(pt, error).__doc__
