"""What the lint refuses: one function a rule, whose docstring says why it is there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nn_book.source.bilingual import LANGUAGES
from nn_book.source.reader import THING, UNKNOWN, Page

NAMES = {"zh": "Chinese", "en": "English"}


@dataclass(frozen=True, order=True)
class Problem:
    """Something to be fixed."""

    line: int
    message: str


Rule = Callable[[Page], Iterator[Problem]]


def prose_lines(page: Page) -> Iterator[tuple[int, str]]:
    """Yield every line of prose of both languages, with its number."""
    for lang in LANGUAGES:
        for prose in page.readings[lang].prose:
            yield from prose.lines


def visible(text: str) -> str:
    """Return a text for a message: what is no text becomes an ellipsis."""
    return text.replace(THING, "`…`").replace(UNKNOWN, "…")
