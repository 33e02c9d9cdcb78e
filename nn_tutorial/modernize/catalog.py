"""The habits of 2017 to 2019 that the tool knows, in the words of both languages.

``says`` is what today's Python, PyTorch, torchvision or NumPy really prints; the tests
run a program for each and compare. The id of a habit is the anchor of its section in
the chapter on old code. The words themselves stand in ``catalog.toml``.
"""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "HABITS", "HELP", "NAMES", "REASONS", "SEVERITIES", "WORDS", "Habit", "Level",
    "Text",
]  # fmt: skip

Level = Literal["stops", "warns", "silent", "spelling", "note"]


@dataclasses.dataclass(frozen=True)
class Text:
    """One statement in both languages."""

    zh: str
    en: str


@dataclasses.dataclass(frozen=True)
class Habit:
    """One old habit and what has become of it.

    Attributes:
        level: ``stops`` raises an error today, ``warns`` still runs with a warning,
            ``silent`` runs and means or costs something else, ``spelling`` does the
            same as before, ``note`` is no habit but something the reader should know.
        says: The beginning of today's message, ``""`` where there is none.
        today: What happens today.
        fix: What to write instead.
    """

    level: Level
    says: str
    today: Text
    fix: Text


def _loaded(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


NAMES = _loaded("names.toml")  # of PyTorch and its neighbors, then and now
_CONTENT = _loaded("catalog.toml")

HABITS: dict[str, Habit] = {
    name: Habit(
        level=entry["level"],
        says=entry.get("says", ""),
        today=Text(entry["zh"][0], entry["en"][0]),
        fix=Text(entry["zh"][1], entry["en"][1]),
    )
    for name, entry in _CONTENT["habits"].items()
}


def _texts(table: str) -> dict[str, Text]:
    return {name: Text(*texts) for name, texts in _CONTENT[table].items()}


REASONS = _texts("reasons")  # why a line is left to the reader
SEVERITIES = _texts("severities")  # in the order in which they are told
WORDS = _texts("words")
HELP = _texts("help")
