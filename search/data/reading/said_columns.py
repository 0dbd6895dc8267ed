"""Which columns of a table the user says something of, by their names."""

from __future__ import annotations

from collections.abc import Mapping

from search.data.rows.notes import listed
from search.data.rows.request import COLUMN_OPTIONS, SPLIT_COLUMNS, DataRequest
from search.errors import DataError
from spaces.errors import did_you_mean

_WORDS = {"drop": "left out", "category": "categories", "number": "numbers", "date": "dates", "text": "text"}


def said_columns(request: DataRequest, names: tuple[str, ...]) -> dict[str, str]:
    """From a column's name to the option that names it: "drop", "category", "number", "date" or "text".

    Raises:
        DataError: there is no such column, it is the target, or it is named for two things; also of the columns that
            say how rows are split and how much they count.
    """
    said: dict[str, str] = {}
    for option in COLUMN_OPTIONS:
        for text in getattr(request, option):
            for name in names_in(text, names):
                _refuse_unknown(option, name, names, request)
                if said.setdefault(name, option) != option:
                    raise DataError(
                        f"--{option}: column '{name}' of {request.source} is named by --{said[name]} too; "
                        "it can be one of them"
                    )
    for option in (*SPLIT_COLUMNS, "weight"):
        if (name := getattr(request, option)) is not None:
            _refuse_unknown(option.replace("_", "-"), name, names, request)
            allowed = ("drop", "number", "date") if option == "time" else ("drop",)
            if said.get(name, "drop") not in allowed:
                does = "how much rows count" if option == "weight" else "how rows are split"
                raise DataError(
                    f"--{said[name]}: '{name}' is the column of --{option.replace('_', '-')}, which says {does}; it "
                    "can be one of them"
                )
    return said


def said_note(said: Mapping[str, str]) -> list[str]:
    """What is done because the user says so: `as you say: 'a', 'b' left out; 'zip' categories`."""
    of_option = {
        option: [f"'{name}'" for name, use in said.items() if use == option] for option in COLUMN_OPTIONS
    }
    told = [f"{listed(names)} {_WORDS[option]}" for option, names in of_option.items() if names]
    return [f"as you say: {'; '.join(told)}"] if told else []


def names_in(text: str, names: tuple[str, ...]) -> list[str]:
    """The columns that a value of an option names, `a,b`; a name may hold commas itself."""
    return [text] if text in names else [part.strip() for part in text.split(",")]


def _refuse_unknown(option: str, name: str, names: tuple[str, ...], request: DataRequest) -> None:
    if name not in names:
        raise DataError(
            f"--{option}: {request.source} has no column '{name}'{did_you_mean(name, names)}; "
            f"it has {listed(names)}"
        )
    if request.target is not None and name in names_in(request.target, names):
        raise DataError(
            f"--{option}: '{name}' is {'the' if name == request.target else 'a'} target; name another column"
            + (", or say by --task what kind of target it is" if option in COLUMN_OPTIONS else "")
        )
