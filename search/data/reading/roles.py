"""Which array of a file is what, by its name: x or y, of all rows or of one part of the split."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

from search.data.rows.notes import MOST_NAMED, listed
from search.errors import DataError

EXPECTED = "x and y, or x_train, y_train and optionally x_val, y_val and x_test, y_test"
# As people and their tools name them: scikit-learn data and target, Keras x and y, MedMNIST images and labels.
_WORDS = {
    "x": ("x", "data", "feature", "features", "image", "images", "input", "inputs"),
    "y": ("y", "target", "targets", "label", "labels"),
}
# Of arrays, and of folders of images.
SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
# A folder `dev` is a class.
_SPLITS = SPLIT_WORDS | {"val": (*SPLIT_WORDS["val"], "dev")}


def plain(name: str) -> str:
    """A name without case and separators: `test_set` and `TestSet` are `testset`."""
    return re.sub(r"[\W_]", "", name.casefold())


def _known() -> dict[str, str]:
    """From a plain name to the name that is expected: `imagestrain` to `x_train`."""
    known = {word: role for role, words in _WORDS.items() for word in words}
    for (role, words), (split, of_split) in product(_WORDS.items(), _SPLITS.items()):
        for word, part in product(words, of_split):
            known[word + part] = known[part + word] = f"{role}_{split}"
    return known


_KNOWN = _known()


@dataclass(frozen=True)
class Roles:
    """Names of the arrays by what they are: `pairs` has those of x and y for "train", "val" and "test".

    Where the file is not split, all its rows are "train".
    """

    pairs: dict[str, tuple[str, str]]
    notes: tuple[str, ...] = field(default=())


def roles_of(names: Iterable[str], source: str, words_of: Callable[[str], str]) -> Roles:
    """Find x and y among `names`; `words_of` is asked what an array is, or "", where the file is refused.

    Raises:
        DataError: they are not there, half of a pair is missing, or two arrays could be the same.
    """
    names = tuple(names)
    found = _found(names, source)
    whole = {"x", "y"} <= found.keys()
    if not whole and not {"x_train", "y_train"} <= found.keys():
        words = {name: words_of(name) for name in names[:MOST_NAMED]}
        held = ", ".join(f"{name} ({words[name]})" if words.get(name) else name for name in names)
        raise DataError(f"{source} should hold {EXPECTED}, but holds {held or 'nothing'}; rename its arrays")
    pairs = {"train": (found["x"], found["y"]) if whole else (found["x_train"], found["y_train"])}
    split_as_well = whole and found.keys() & {"x_train", "y_train"}
    for split in () if split_as_well else ("val", "test"):
        pair = [found.get(f"{role}_{split}") for role in ("x", "y")]
        there = [name for name in pair if name is not None]
        if len(there) == 1:
            raise DataError(
                f"{source} holds {there[0]} without its partner; save x_{split} and y_{split}, or neither"
            )
        if len(there) == 2:
            pairs[split] = (there[0], there[1])
    return Roles(pairs, tuple(_notes(names, found, pairs)))


def rows_of(names: Iterable[str], source: str) -> Roles:
    """As `roles_of`, of rows that need no y: "" where there is none. Of a split alone, x_test, these are the rows.

    Raises:
        DataError: there is no x, or two arrays could be the same.
    """
    names = tuple(names)
    found = _found(names, source)
    if not found and len(names) == 1:
        found = {"x": names[0]}
    ends = {"train": ""} if "x" in found else {split: f"_{split}" for split in ("train", "val", "test")}
    pairs = {
        split: (found[f"x{end}"], found.get(f"y{end}", ""))
        for split, end in ends.items()
        if f"x{end}" in found
    }
    if not pairs:
        raise DataError(
            f"{source} should hold rows as x, but holds {listed(names) or 'nothing'}; rename its array"
        )
    return Roles(pairs)


def weights_named(names: Iterable[str], roles: Roles, weight: str, source: str) -> list[str]:
    """For each pair of `roles` the array that says how much its rows count: `weight`, or `weight_test` and its like.

    Raises:
        DataError: one is not there, or is an x or a y.
    """
    known = {plain(name): name for name in names}
    found = []
    for split in roles.pairs:
        words = [plain(weight)] if split == "train" else []
        words += [made for part in _SPLITS[split] for made in (plain(weight) + part, part + plain(weight))]
        array = next((known[word] for word in words if word in known), None)
        if array is None or any(array in pair for pair in roles.pairs.values()):
            expected = weight if split == "train" else f"{weight}_{split}"
            raise DataError(
                f"--weight: {source} holds no {expected} of numbers (rows,) beside its rows and labels; it has "
                f"{listed(tuple(known.values()))}"
            )
        found.append(array)
    return found


def _found(names: tuple[str, ...], source: str) -> dict[str, str]:
    found = _by_role(names, source)
    if not found and names == ("arr_0", "arr_1"):  # np.savez(path, x, y)
        return {"x": "arr_0", "y": "arr_1"}
    return found


def _by_role(names: tuple[str, ...], source: str) -> dict[str, str]:
    """Of the names that say what they are, each by what it is."""
    found: dict[str, str] = {}
    for name in names:
        role = _KNOWN.get(plain(name))
        if role is None or found.get(role) == role:
            continue
        if role in found and name != role:
            raise DataError(
                f"{source} holds both {found[role]} and {name}, and either could be {role}; "
                f"rename the one that is meant to {role}, or remove the other"
            )
        found[role] = name
    return found


def _notes(
    names: tuple[str, ...], found: Mapping[str, str], pairs: Mapping[str, tuple[str, str]]
) -> list[str]:
    used = {name for pair in pairs.values() for name in pair}
    renamed = [f"{name} as {role}" for role, name in found.items() if name in used and name != role]
    unused = [name for name in names if name not in used]
    notes = [f"arrays are taken by their names: {', '.join(renamed)}"] if renamed else []
    return notes + ([f"arrays that are not used: {listed(unused)}"] if unused else [])
