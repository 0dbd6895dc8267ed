"""Options of a command, as a user types them again."""

from __future__ import annotations

import shlex

from search.text.command_words import option_words


def test_what_was_given_is_typed_again_and_trial_0_is_given() -> None:
    given = {"--trial": 0, "--folds": None, "-o": "my model.keras", "--force": True, "--all-rows": False}
    assert shlex.split(option_words(given)) == ["--trial", "0", "-o", "my model.keras", "--force"]
