"""Which folders hold images of which class and part of the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.data.reading.folder_content import LeftOut, Seen, look, lost, shown
from search.data.reading.roles import SPLIT_WORDS, plain
from search.data.rows.notes import listed
from search.errors import DataError

EXPECTED = "FOLDER/<class>/*.png (or .jpg, .jpeg), or the same below FOLDER/train, FOLDER/val and FOLDER/test"
_SPLIT_OF = {
    word + end: split for split, words in SPLIT_WORDS.items() for word in words for end in ("", "set", "data")
}


@dataclass(frozen=True)
class Part:
    """Images of one part of the split and the class of each, in the order of their names."""

    files: tuple[Path, ...] = ()
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Parts that were found; `val` and `test` are empty where the folder does not bring them."""

    train: Part
    val: Part
    test: Part
    notes: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return self.train.files + self.val.files + self.test.files

    @property
    def classes(self) -> tuple[str, ...]:
        return self.train.classes + self.val.classes + self.test.classes


def layout_of(folder: Path) -> Layout:
    """Class folders below `folder`, or below its train, val and test folders, whatever their case.

    Raises:
        DataError: a folder cannot be read, or it cannot be told what is a class and what a split.
    """
    try:
        return _layout_of(folder)
    except OSError as exc:
        raise DataError(f"{folder} cannot be read: {exc.filename}: {exc.strerror or exc}") from exc


def _layout_of(folder: Path) -> Layout:
    top, left_out = look(folder), LeftOut(folder)
    left_out.images += len(top.images)
    left_out.files += top.others.total()
    left_out.links += top.links
    splits = _split_folders(folder, top.folders)
    _refuse_one_too_high(folder, top, splits)
    classes = [path for path in top.folders if path not in splits.values()]
    with_classes = {split: path for split, path in splits.items() if look(path).folders}
    if "train" in with_classes:
        left_out.folders += classes
        train = _part(with_classes["train"], left_out)
    else:
        _refuse_splits_as_classes(folder, splits, with_classes, classes)
        if not classes and splits:
            names = " and ".join(path.name for path in splits.values())
            raise DataError(f"{folder} holds {names}, but no training images; expected {EXPECTED}")
        train = _classes(classes, left_out)
    given = {
        split: _part(with_classes[split], left_out) for split in ("val", "test") if split in with_classes
    }
    left_out.folders += [path for split, path in splits.items() if split not in with_classes]
    if not train.files and top.images:
        raise DataError(
            f"{folder} holds {len(top.images):,} images of its own, but no images in class folders; "
            f"sort them by class: {EXPECTED}"
        )
    return Layout(
        train,
        given.get("val", Part()),
        given.get("test", Part()),
        (*left_out.notes(), *_lacking(train, given)),
    )


def _refuse_one_too_high(folder: Path, top: Seen, splits: dict[str, Path]) -> None:
    """An archive often unpacks to a folder in a folder."""
    if len(top.folders) > 1 or top.images or splits:
        return
    for only in top.folders:
        seen = look(only)
        if len(seen.folders) > 1 and not seen.images:
            raise DataError(
                f"{folder} holds one folder, '{shown(only.name)}'; if the classes or splits are in that one, "
                f"name it: {shown(str(only))}"
            )


def _split_folders(folder: Path, folders: Sequence[Path]) -> dict[str, Path]:
    """Those that are named for a part of the split, by part."""
    found: dict[str, Path] = {}
    names = {path.name.casefold() for path in folders}
    for path in folders:
        split = _SPLIT_OF.get(plain(path.name))
        # What is sorted into valid and invalid is no split.
        if split is None or (path.name.casefold() == "valid" and "invalid" in names):
            continue
        if split in found:
            raise DataError(
                f"{folder} holds {found[split].name} and {path.name}, and either could be its {split} split; "
                "merge them, or rename one of them"
            )
        found[split] = path
    return found


def _refuse_splits_as_classes(
    folder: Path, splits: dict[str, Path], with_classes: dict[str, Path], classes: Sequence[Path]
) -> None:
    flat = [path for split, path in splits.items() if split not in with_classes and look(path).images]
    if not flat:
        return
    names = " and ".join(f"'{path.name}'" for path in flat)
    are = "is the name of a split" if len(flat) == 1 else "are names of splits"
    some = ", ".join(f"'{path.name}'" for path in classes[:3])
    beside = f", beside {some}{' …' if len(classes) > 3 else ''}" if classes else ""
    raise DataError(
        f"{folder}: {names} {are} and no class, but there are images and no class folders in it{beside}; "
        f"expected {EXPECTED}. If a class is really called so, give its folder a longer name"
    )


def _part(folder: Path, left_out: LeftOut) -> Part:
    seen = look(folder)
    # FOLDER/train/train/<class>, as some archives have it.
    if not seen.images and len(seen.folders) == 1 and seen.folders[0].name == folder.name:
        seen = look(seen.folders[0])
    left_out.images += len(seen.images)
    left_out.files += seen.others.total()
    left_out.links += seen.links
    return _classes(seen.folders, left_out)


def _classes(folders: Sequence[Path], left_out: LeftOut) -> Part:
    files: list[Path] = []
    classes: list[str] = []
    for folder in folders:
        seen = look(folder)
        _refuse_splits_below(folder, seen.folders)
        _refuse_what_is_no_text(folder)
        # <class>/images/*.png, as in Tiny ImageNet. A link may lead back.
        entered = {folder.resolve()}
        while not seen.images and len(seen.folders) == 1 and seen.folders[0].resolve() not in entered:
            entered.add(seen.folders[0].resolve())
            left_out.files += seen.others.total()
            left_out.links += seen.links
            seen = look(seen.folders[0])
        left_out.folders += seen.folders
        left_out.links += seen.links
        left_out.files += seen.others.total()
        if not seen.images:
            left_out.classes.append(lost(folder, left_out.top, seen.others))
        files += seen.images
        classes += [folder.name] * len(seen.images)
    return Part(tuple(files), tuple(classes))


def _refuse_what_is_no_text(folder: Path) -> None:
    """Names of classes are kept with the study and the exported model, as UTF-8."""
    if shown(folder.name) != folder.name:
        raise DataError(
            f"the name of the class folder {shown(str(folder))} is no UTF-8 text; rename it, for instance by mv"
        )


def _refuse_splits_below(folder: Path, folders: Sequence[Path]) -> None:
    below = [path.name for path in folders if path.name.casefold() in _SPLIT_OF]
    if len(below) > 1:
        raise DataError(
            f"{folder} holds {' and '.join(below)}, which are names of splits; put the splits above the classes: "
            f"{folder.parent}/{below[0]}/{folder.name}"
        )


def _lacking(train: Part, given: Mapping[Any, Part]) -> list[str]:
    """Classes that a given split has no images of, which is no mistake but worth to be known."""
    notes = []
    for split, part in given.items():
        lacking = sorted(set(train.classes) - set(part.classes))
        if part.files and lacking:
            notes.append(f"the {split} split has no images of: {listed(lacking)}")
    return notes
