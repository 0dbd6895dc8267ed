"""The next version of a study: which trials of an earlier one fit it, and what the user is told of them.

Nothing of the earlier study is changed, and it may be running. Its models and learning curves stay there.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.study.origin import Adoption, Predecessor
from search.versions.rewriting import Rewriting
from spaces import preset_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.trial import FrozenTrial

    from search.data import DataSpec
    from search.settings.settings import StudySettings
    from search.study.study import Study
    from spaces import Space

# They belong to one command, or were carried out in the earlier study.
_NOT_INHERITED = ("timeout", "baselines", "allow_outside")
# Values depend on them too, but hardly more than on the seed.
_NOTED = ("patience", "precision", "trial_timeout", "callbacks")
_REASONS_SHOWN = 8


def inherited(old: Study) -> dict[str, Any]:
    """The settings of a next version where the user says nothing."""
    return {key: value for key, value in old.settings.model_dump().items() if key not in _NOT_INHERITED}


def space_left_by(old: Study, settings: StudySettings) -> Space | None:
    """The copy that `old` has of its space, where the file that it came from is gone and no other is named."""
    gone = settings.space not in preset_names() and not Path(settings.space).exists()
    return old.space if gone and settings.space == old.settings.space else None


def adopt(
    old: Study, settings: StudySettings, space: Space, data: DataSpec, metric: str, *, allow_different: bool
) -> Adoption:
    """The finished trials of `old` for a study of `settings`, `space`, `data` and `metric`. Reads only.

    A trial fits where `space` contains its hyperparameters: what is new in the space then has the vocabulary's
    default, what is gone had it.

    Raises:
        InputError: data, metric or epochs differ and that is not allowed, or no trial fits.
    """
    different = _differences(old, settings, data, metric)
    if different and not allow_different:
        raise InputError(_refusal(old, different))
    found = [trial for trial in old.trials() if trial.was_trained]
    if not found:
        raise InputError(
            f"--from: expected a study with complete or pruned trials, but '{old.name}' has none; wait for one, "
            "or leave --from out"
        )
    rewriting = Rewriting(old, settings, space, metric, tuple(different))
    trials: list[FrozenTrial] = []
    reasons: Counter[str] = Counter()
    for trial in found:
        why_not = rewriting.reasons_against(trial)
        reasons.update(why_not)
        if not why_not:
            trials.append(rewriting.rewritten(trial))
    if not trials:
        raise InputError(
            f"--from: none of the {len(found)} trials of study '{old.name}' fits this study; widen its space, or "
            "leave --from out. How many do not fit, and why:\n" + "\n".join(_counted(reasons))
        )
    predecessor = Predecessor(
        study=old.name,
        trials=len(trials),
        of=len(found),
        numbers=old.next_original_number(),
        different=tuple(different),
    )
    return Adoption(trials, predecessor, _remarks(old, settings, space, predecessor, different, reasons))


def _differences(old: Study, settings: StudySettings, data: DataSpec, metric: str) -> dict[str, list[str]]:
    """In what a value of `old` is another quantity than one of the new study, with the particulars."""
    from search.data import spec_changes

    found: dict[str, list[str]] = {}
    if changes := spec_changes(old.data, data):
        found["data"] = changes
    if metric != old.metric:
        found["metric"] = [f"{old.metric} -> {metric}"]
    if settings.epochs != old.settings.epochs:
        # The same configuration reaches another value, and a schedule another rate at the same epoch.
        found["epochs"] = [f"{old.settings.epochs} -> {settings.epochs}"]
    if settings.folds != old.settings.folds:
        found["folds"] = [f"{_judged_by(old.settings)} -> {_judged_by(settings)}"]
    return found


def _judged_by(settings: StudySettings) -> str:
    return "one split" if settings.folds is None else str(settings.folds)


def _refusal(old: Study, different: Mapping[str, Sequence[str]]) -> str:
    return (
        f"--from: values of study '{old.name}' are not comparable with those of this study; leave out the options "
        "that change this, or take its trials over all the same by --allow-different (they are marked):\n"
        + "\n".join(_listed(different))
    )


def _listed(different: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"  {kind}: {line}" for kind, lines in different.items() for line in lines[:20]]


def _counted(reasons: Counter[str]) -> list[str]:
    """The commonest first. A trial can have several."""
    shown = [f"  {count:,} × {reason}" for reason, count in reasons.most_common(_REASONS_SHOWN)]
    rest = len(reasons) - _REASONS_SHOWN
    return shown + [f"  and {rest} more reasons"] * (rest > 0)


def _remarks(
    old: Study,
    settings: StudySettings,
    space: Space,
    predecessor: Predecessor,
    different: Mapping[str, Sequence[str]],
    reasons: Counter[str],
) -> list[str]:
    changes = old.space.diff(space)
    said = [f"space, from study '{old.name}' to this one:" if changes else f"space: as in study '{old.name}'"]
    said += [f"  {change}" for change in changes]
    said.append(
        f"{predecessor.trials:,} of the {predecessor.of:,} trials of study '{old.name}' come along; they do not "
        "count toward the budget, and their models and learning curves stay there"
    )
    if reasons:
        said += [f"{predecessor.of - predecessor.trials:,} do not fit this study:", *_counted(reasons)]
    if different:
        said += ["taken over all the same, though different:", *_listed(different)]
    for name in _NOTED:
        before, now = _in_effect(old.settings, name), _in_effect(settings, name)
        if before != now:
            said.append(
                f"note: trials of study '{old.name}' had {name.replace('_', ' ')} {before}, here it is {now}"
            )
    return said


def _in_effect(settings: StudySettings, name: str) -> object:
    if name == "callbacks":
        return ", ".join(settings.callbacks) or "none"
    return settings.patience_within(settings.epochs) if name == "patience" else getattr(settings, name)
