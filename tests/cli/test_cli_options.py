"""A wrong command line: exit code 2, what was expected, what came; nothing is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_calls import CommandLine, contents

NAN_AND_WORDS = ("nan", "many", "1e3", "1.5", "0x10", "")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--trials", "0", "expected at least 1, but got 0"),
        ("--trials", "-3", "expected at least 1, but got -3"),
        ("--trials", "1000001", "expected at most 1,000,000, but got 1000001"),
        ("--trials", "9" * 30, "expected at most 1,000,000"),
        ("--trials", "9" * 5000, "expected a whole number"),
        ("--epochs", "0", "expected at least 1"),
        ("--epochs", "-1", "expected at least 1"),
        ("--epochs", "1000000000", "expected at most 100,000"),
        ("--patience", "0", "expected at least 1"),
        ("--workers", "-1", "expected at least 0"),
        ("--workers", "100000", "expected at most 1,024"),
        ("--threads", "0", "expected at least 1"),
        ("--threads", "100000", "expected at most 1,024"),
        ("--seed", "-1", "expected at least 0"),
        ("--seed", str(2**32), "expected less than 4,294,967,296"),
        ("--image-size", "0x8", "expected HEIGHTxWIDTH"),
        ("--image-size", "100000x8", "expected HEIGHTxWIDTH"),
        ("--val-fraction", "0", "expected at least 0.01"),
        ("--val-fraction", "-0.1", "expected at least 0.01"),
        ("--val-fraction", "0.9", "expected at most 0.5"),
        ("--val-fraction", "nan", "but got nan"),
        ("--test-fraction", "inf", "expected at most 0.5"),
        ("--test-fraction", "a lot", "expected a number, but got 'a lot'"),
        ("--timeout", "0", "expected a duration between 1s and 366d, but got '0'"),
        ("--timeout", "2x", "expected a duration like 90s, 15m or 2h, but got '2x'"),
        ("--timeout", "-5m", "expected a duration like 90s, 15m or 2h, but got '-5m'"),
        ("--timeout", "nan", "expected a duration like 90s, 15m or 2h, but got 'nan'"),
        ("--timeout", "", "expected a duration like 90s, 15m or 2h, but got ''"),
        ("--timeout", "1000000d", "expected a duration between 1s and 366d"),
        ("--task", "classify", "expected 'classification' or 'regression', but got 'classify'"),
        ("--sampler", "tpee", "but got 'tpee' (did you mean 'tpe'?)"),
        ("--pruner", "hyper", "'median' or 'none', or module:name of your own, but got 'hyper'"),
        ("--sampler", "optuna.samplers.TPESampler", "(did you mean 'optuna.samplers:TPESampler'?)"),
        ("--sampler", "optuna.samplers:TPESampler(a", "cannot read its arguments"),
        ("--callback", "nowhere:Tracker", "there is no module 'nowhere'"),
        ("--metric", "val_accuracyy", "(did you mean 'val_accuracy'?)"),
        ("--metric", "accuracy", "expected one of val_loss, val_accuracy"),
        ("--metric", "F1", "(did you mean 'val_f1'?)"),
        ("--metric", "val_mae", "this data is multiclass, so expected one of val_loss, val_accuracy"),
        ("--metric", "val_cost", 'what mistakes cost is missing; say it, for instance --cost "fn=10,fp=1"'),
        ("--metric", "val_cost(fn=1)", "two numbers above 0, such as"),
        (
            "--cost",
            "fn=10",
            "expected what a missed row of the second class (fn) and a false alarm (fp) cost",
        ),
        ("--cost", "fn=10,fp=0", 'two numbers above 0, such as "fn=10,fp=1", but got'),
        ("--cost", "fn=ten,fp=1", "two numbers above 0"),
        ("--cost", "fn=nan,fp=1", "two numbers above 0"),
        ("--cost", "fn=1,fp=1,fp=2", "two numbers above 0"),
        ("--cost", "10", "two numbers above 0"),
        ("--cost", "", "two numbers above 0"),
        ("--cost", "fn=10,fp=1", "this data is multiclass, and costs are of mistakes about two classes"),
        ("--data", "", "expected text that is not empty, but got ''"),
        ("--data", "digit", "(did you mean 'digits'?)"),
        ("--data", "fashion-mnist", "(did you mean 'fashion_mnist'?)"),
        ("--data", "missing.csv", "there is no such file"),
        ("--data", "missing/rows.csv", "its folder missing does not exist"),
        ("--space", "smal", "(did you mean 'small'?); the presets are tables, mlp, small, wide"),
        ("--space", "missing.toml", "there is no such file; the presets are tables, mlp, small, wide"),
        ("--space", ".", "is a folder; name a TOML file in it"),
        ("--target", "y", "does not apply to digits"),
        ("--separator", "ab", "one character such as , or ;"),
        ("--config", "missing.toml", "missing.toml: there is no such file"),
    ],
)
def test_an_option_says_what_it_expects(
    perceptuna: CommandLine, option: str, value: str, expected: str
) -> None:
    data = () if option == "--data" else ("--data", "digits")
    message = perceptuna.refused("run", "study", *data, option, value)
    assert expected in message
    assert len(message) < 1000


@pytest.mark.parametrize("value", NAN_AND_WORDS)
@pytest.mark.parametrize("option", ["--trials", "--epochs", "--patience", "--workers", "--threads", "--seed"])
def test_a_count_is_a_whole_number(perceptuna: CommandLine, option: str, value: str) -> None:
    message = perceptuna.refused("run", "study", option, value)
    assert f"{option}: expected a whole number, but got '{value}'" in message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run"], "missing argument 'STUDY'; see `"),
        (["run", "study", "--trails", "3"], "no such option: --trails (did you mean '--trials'?)"),
        (["run", "study", "-x"], "no such option: -x"),
        (["run", "study", "other"], "unexpected extra argument(s) (other)"),
        (["run", "study", "--storage"], "option '--storage' requires an argument"),
        (["run", "study", "--json=yes"], "option '--json' does not take a value"),
        (["rum", "study"], "no such command 'rum' (did you mean 'run'"),
        (["resume", "study", "--trials", "5", "--add", "5"], "--trials sets a total and --add raises it"),
        (["resume", "study", "--trials", "0"], "--trials: expected at least 1, but got '0'"),
        (["resume", "study", "--add", "-1"], "--add: expected at least 1, but got '-1'"),
        (["show", "study", "--top", "0"], "--top: expected at least 1, but got '0'"),
        (["show", "study", "--trial", "-1"], "--trial: expected at least 0, but got '-1'"),
        (["show", "study", "--trial", "best"], "--trial: expected a whole number, but got 'best'"),
        (["export", "study"], "missing option '-o' / '--output'"),
        (["dashboard", "--port", "0"], "--port: expected at least 1, but got '0'"),
        (["dashboard", "--port", "65536"], "--port: expected at most 65,535, but got '65536'"),
        (["dashboard", "--port", "http"], "--port: expected a whole number, but got 'http'"),
        (["space", "show", "smal"], "(did you mean 'small'?)"),
        (["space", "check", "missing.toml"], "there is no such file"),
        (["data", "show", "digit"], "(did you mean 'digits'?)"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    perceptuna: CommandLine, words: list[str], expected: str
) -> None:
    assert expected in perceptuna.refused(*words)


@pytest.mark.parametrize("words", [[], ["space"], ["data"]])
def test_no_command_shows_the_commands(perceptuna: CommandLine, words: list[str]) -> None:
    outcome = perceptuna(*words)
    assert outcome.code == 2
    assert "Commands" in outcome.out


def test_all_wrong_options_are_told_at_once(perceptuna: CommandLine) -> None:
    message = perceptuna.refused("run", "study", "--trials", "0", "--epochs", "0", "--sampler", "best")
    assert [line.split(":")[1].strip() for line in message.splitlines()] == [
        "--data",
        "--trials",
        "--epochs",
        "--sampler",
    ]


@pytest.mark.parametrize("size", ["8", "8x", "axb", "2000x8", "-1x8"])
def test_an_image_size_is_height_and_width(perceptuna: CommandLine, size: str) -> None:
    assert "expected HEIGHTxWIDTH" in perceptuna.refused("run", "study", f"--image-size={size}")


def test_fractions_leave_rows_for_training(perceptuna: CommandLine) -> None:
    message = perceptuna.refused(
        "run", "study", "--data", "digits", "--val-fraction", "0.5", "--test-fraction", "0.5"
    )
    assert "leave 0% of the rows for training" in message


def test_the_gaussian_process_sampler_names_what_it_needs(perceptuna: CommandLine) -> None:
    try:
        import torch  # noqa: F401
    except ImportError:
        message = perceptuna.refused("run", "study", "--data", "digits", "--sampler", "gp")
        assert "needs PyTorch; install perceptuna[gp], or choose tpe" in message
    else:
        pytest.skip("PyTorch is installed")


def test_a_space_file_with_an_error_is_refused_with_file_and_line(perceptuna: CommandLine) -> None:
    Path("wide.toml").write_text("depth = [1, 2]\n\n[learning_rate]\nlow = 0.1\nhigh = 0.01\n")
    for words in (
        ["run", "study", "--data", "digits", "--space", "wide.toml"],
        ["space", "check", "wide.toml"],
    ):
        message = perceptuna.refused(*words)
        assert "wide.toml, line " in message
        assert "0.1" in message


def test_a_bug_shows_its_traceback(perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("search.analysis.facts.overview.overviews", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        perceptuna("list")


def test_ctrl_c_ends_with_130(perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("search.analysis.facts.overview.overviews", interrupted)
    monkeypatch.setattr("search.machine.interruption._go_on", "")  # of an earlier command in this process
    outcome = perceptuna("list")
    assert (outcome.code, outcome.err) == (130, "perceptuna: interrupted\n")


@pytest.mark.parametrize(
    "program",
    [[sys.executable, "-m", "search"], [str(Path(sys.executable).with_name("perceptuna"))]],
    ids=["python -m search", "perceptuna"],
)
def test_the_programs_refuse_as_well(folder: Path, program: list[str]) -> None:
    if not Path(program[0]).exists():
        pytest.skip("the console script is not installed")
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [*program, "run", "a study", "--trials", "3"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "but got 'a study'; try 'a-study'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert contents(folder) == {}
