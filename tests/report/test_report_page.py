"""The page: complete for any study, honest, escaped, small."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from html.parser import HTMLParser
from math import inf

import optuna
import pytest
import typer
from digits_spec import digits_spec
from made_studies import DISTRIBUTIONS, made_study, made_trial, mixed_trials
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from search.analysis.report.page import render
from search.analysis.report.reproduce import reproduction_of
from search.analysis.report.snapshot import snapshot_of
from search.cli import app
from search.data.preparing.column_spec import NumberColumn
from search.data.preparing.spec import Rows
from search.references.record import Reference, References
from search.settings.settings import load_settings
from search.study.study import Study
from search.study.study_record import keep_study_facts

SECTIONS = [
    "best",
    "leaderboard",
    "history",
    "curves",
    "importance",
    "parameters",
    "timeline",
    "pruning",
    "cost",
    "data",
    "reproduce",
]
HOSTILE = "<script>alert('x')</script>\"&$\\frac{\x01"


class Page(HTMLParser):
    """Tags, ids and text of a page; fails where tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.ids.update(value for key, value in attrs if key == "id" and value)
        self.links += [value for key, value in attrs if key in ("href", "src", "xlink:href") and value]
        if tag not in ("meta", "link", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += " " + data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def page_of(study: Study, top: int = 20) -> Page:
    return Page(render(snapshot_of(study, top)))


@pytest.fixture(scope="module")
def sixty() -> Page:
    return page_of(made_study(mixed_trials(60)), top=5)


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_every_section_is_there_however_few_trials_there_are(
    count: int, request: pytest.FixtureRequest
) -> None:
    made = mixed_trials(count)
    page = request.getfixturevalue("sixty") if count == 60 else page_of(made_study(made, trials=60))
    assert [name for name in SECTIONS if page.ids[name] != 1] == []
    assert {name for name, times in page.ids.items() if times > 1} == set()
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert page.tags["svg"] == {0: 0, 1: 3, 2: 6, 60: 6}[count]
    assert page.tags["script"] == 0


def test_the_headline_has_value_epoch_seed_and_hyperparameters_and_says_that_it_is_optimistic() -> None:
    best = made_trial(1, 0.96, epochs=7)
    data = digits_spec(rows=Rows(train=700, validation=150, test=150))
    page = page_of(made_study([made_trial(0, 0.5), best, made_trial(2, 0.95)], of=data))
    assert "0.9600 val_accuracy, trial 1, at epoch 7 of 7" in page.words
    assert "accuracy 0.9700 0.9600 sealed" in page.words
    assert "seed 7 " in page.words
    assert '"depth": 2' in page.words
    assert "optimistic" in page.words
    # Wilson's interval of 0.96 on 150 rows, by R's binom.confint(144, 150, methods = "wilson"): 0.9155 to 0.9815.
    assert "known to about ± 3.3 points with so many of them (95 %)" in page.words
    assert "1 of the 2 other complete trials is no further behind than that" in page.words
    # These rows chose it: there is no interval around it as if they had tested it.
    assert "0.9155" not in page.words


def test_the_accuracy_is_told_with_the_best_crossentropy_and_how_well_these_rows_would_know_it() -> None:
    data = digits_spec(kind="table", rows=Rows(train=700, validation=150, test=150))
    found = [
        made_trial(n, value, metric="val_crossentropy", val_accuracy=0.96)
        for n, value in enumerate((0.3, 0.2))
    ]
    page = page_of(made_study(found, of=data, metric="val_crossentropy"))
    assert "0.2000 val_crossentropy, trial 1, at epoch 9 of 9; val_accuracy 0.9600" in page.words
    assert "train crossentropy validation crossentropy validation accuracy parameters" in page.words
    assert "accuracy of rows that chose nothing would be known to about ± 3.3 points" in page.words
    assert "no further behind" not in page.words, "trials are not ranked by it"


def test_the_leaderboard_has_the_columns_of_the_terminal_in_words(sixty: Page) -> None:
    page = sixty
    head = "rank trial train accuracy validation accuracy parameters epochs (best/run) time what it is"
    assert head in page.words
    assert "The best 5 of 30 complete trials" in page.words


@pytest.mark.parametrize("count", [0, 1])
def test_what_needs_no_network_stands_beside_the_best_one_or_alone(count: int) -> None:
    study = made_study([made_trial(0, 0.86)][:count])
    trees = Reference(name="trees", metrics={"accuracy": 0.87, "crossentropy": 0.3}, seconds=2.0)
    linear = Reference(name="linear", reason="all training rows are of one class")
    keep_study_facts(study.optuna, {"references": References(models=(linear, trees))})
    page = page_of(study)
    assert "Reference models model val_accuracy val_crossentropy time" in page.words
    assert "boosted trees 0.8700 0.3000 2.0 s Linear model: all training rows are of one class." in page.words
    said = "No network was better than the boosted trees (0.8700 against 0.8600)."
    assert (said in page.words) == ("best network, trial 0 0.8600 –" in page.words) == bool(count)
    assert page.ids["beside"] == 1


def test_a_regression_is_minimised_and_its_outlier_does_not_stretch_the_axis() -> None:
    values = [0.50 + number / 100 for number in range(20)] + [1e9]
    trials = [made_trial(number, value, metric="val_mae") for number, value in enumerate(values)]
    data = digits_spec(kind="table", task="regression", class_names=(), input_shape=(4,), target="price")
    page = page_of(made_study(trials, metric="val_mae", of=data))
    assert "0.5000 val_mae, trial 0" in page.words
    assert "rows that chose nothing" not in page.words
    assert "complete, off the scale" in page.words
    assert "regression of price" in page.words


@pytest.mark.parametrize("case", ["failed", "not begun", "pruned", "infinite", "without attributes"])
def test_an_odd_study_makes_a_page(case: str) -> None:
    running = made_trial(1, None, TrialState.RUNNING)
    waiting = made_trial(2, None, TrialState.WAITING, params={"width": 20})
    waiting.datetime_start, waiting.params, waiting.distributions = None, {}, {}
    bare = [made_trial(0, 0.5), made_trial(1, 0.6)]
    for trial in bare:
        trial.user_attrs = {}
    infinite = [made_trial(number, value) for number, value in enumerate((inf, 0.4, -inf))]
    trials = {
        "failed": [made_trial(number, None, TrialState.FAIL, reason="no & none") for number in range(5)],
        "not begun": [made_trial(0, None, TrialState.RUNNING), running, waiting],
        "pruned": [made_trial(0, 0.5, TrialState.PRUNED, epochs=1)],
        "infinite": infinite,
        "without attributes": bare,
    }
    words = page_of(made_study(trials[case])).words
    expected = {
        "failed": "5 × no & none",
        "not begun": "1 waiting",
        "pruned": "cannot be estimated before a trial is complete",
        "infinite": "inf val_accuracy",
        "without attributes": "0.6000 val_accuracy, trial 1 ",
    }
    assert expected[case] in words


def test_names_of_strangers_are_text_and_not_markup() -> None:
    distributions = {
        **DISTRIBUTIONS,
        HOSTILE: FloatDistribution(0, 1),
        "kind": CategoricalDistribution((HOSTILE, "b")),
    }
    trials = []
    for number in range(30):
        params = {**made_trial(number, 0.5).params, HOSTILE: number / 30, "kind": (HOSTILE, "b")[number % 2]}
        trials.append(
            made_trial(number, 0.5 + number / 100, params=params, distributions=distributions, host=HOSTILE)
        )
    trials.append(made_trial(30, None, TrialState.FAIL, reason=HOSTILE))
    column = NumberColumn(name=HOSTILE, input_name="a", median=0, mean=0, std=1, missing_flag=False)
    data = digits_spec(class_names=(HOSTILE, "two"), target=HOSTILE, source=HOSTILE, columns=(column,))
    text = render(snapshot_of(made_study(trials, of=data, target=HOSTILE), 20))
    page = Page(text)
    assert page.tags["script"] == 0
    assert "<script" not in text
    assert "\x01" not in text
    assert page.text.count("<script>alert('x')</script>\"&$\\frac{") >= 5


def test_ten_thousand_trials_make_a_page_below_six_megabytes_that_says_what_it_leaves_out() -> None:
    study = made_study(mixed_trials(10_000))
    text = render(snapshot_of(study, 20))
    assert len(text.encode()) < 6_000_000
    words = Page(text).words
    assert re.search(r"Of 8,334 trials, 1,500 are drawn, evenly chosen", words)
    assert "bars closer than can be seen are drawn as one" in words


def test_a_study_that_perceptuna_did_not_make_is_refused() -> None:
    from search.errors import InputError
    from storage import StorageURL

    foreign = Study("foreign", StorageURL.parse("/nowhere/studies.db"), optuna.create_study())
    with pytest.raises(InputError, match="was not made by perceptuna"):
        snapshot_of(foreign, 20)


def test_the_command_that_repeats_the_search_gives_the_same_settings() -> None:
    study = made_study(
        [],
        target='a column\'s "name"',
        data="rows.csv",
        header=False,
        seed=4,
        workers=2,
        sampler="random",
        val_fraction=0.123456789,
        trial_timeout=90,
        memory_limit="2GiB",
    )
    command = reproduction_of(study, None).run
    words = shlex.split(command)
    assert words[:3] == ["perceptuna", "run", "made-again"]
    context = typer.main.get_command(app).commands["run"].make_context("run", words[2:])  # type: ignore[attr-defined]
    known = type(study.settings).model_fields
    given = {name: value for name, value in context.params.items() if name in known}
    assert load_settings(None, given) == study.settings


def test_the_best_of_equals_is_the_same_in_the_headline_and_in_the_figures() -> None:
    """The first that was complete, though its number is the larger one."""
    slow, quick = made_trial(0, 0.9, start=0, seconds=9), made_trial(1, 0.9, start=0, seconds=3)
    facts = snapshot_of(made_study([slow, quick, made_trial(2, 0.8)]), 20)
    assert [trial.number for trial in facts.complete] == [1, 0, 2]
    assert facts.entries[0].trial == 1
