"""A document pass by pass: what is reported at the end, and the new text."""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from .catalog import HABITS, REASONS, Level, Text
from .documents import Document
from .passes import Found, accepted, applied, by_cell, examined
from .rules import Edit

__all__ = ["Report", "modernize"]

MAX_PASSES = 20


@dataclasses.dataclass(frozen=True)
class Report:
    """One place of a document, for the reader.

    Attributes:
        rule: Id of the habit, the anchor of its section in the chapter.
        severity: How much it matters.
        cell: Which code cell of a notebook, from 1; 0 in other documents.
        line: Line in the file, or in the cell of a notebook, from 1.
        column: Column there in characters, from 1.
        end_line: Line in which it ends.
        end_column: Column behind its last character.
        code: The line as it stands.
        says: The beginning of today's message; ``""`` where nothing is printed.
        today: What happens today.
        fix: What to write instead.
        rewritten: Whether the returned text has it fixed.
        reason: Why it is left, where it is.
    """

    rule: str
    severity: Level
    cell: int
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    says: str
    today: Text
    fix: Text
    rewritten: bool
    reason: Text


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the collector from looking at syntax trees, which all live to the end."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_collector()
def modernize(
    document: Document,
    *,
    taken: Collection[str] = (),
    wanted: Callable[[str], bool] = lambda rule: True,
) -> tuple[list[Report], str]:
    """Find the old habits of a document and rewrite what is safe to rewrite.

    Args:
        document: What ``read_document`` returned; it is not changed.
        taken: Names that other files import from it, ``"*"`` for all.
        wanted: Which rules to apply.

    Returns:
        What was found, in the order of the document, and the new text, which is the
        old one if nothing was rewritten.
    """
    texts = [cell.text for cell in document.cells]
    # For every character of the current text, where it stood in the original one.
    origins = [list(range(len(text) + 1)) for text in texts]
    reports: list[Report] = []
    found: list[Found] = []
    for _ in range(MAX_PASSES):
        found = examined(texts, document, set(taken))
        found = [item for item in found if wanted(item.finding.rule)]
        chosen, edits = accepted(texts, found)
        if not chosen:
            break
        for item in chosen:
            reports.append(_report(document, item, origins, rewritten=True))
        for number, changes in by_cell(edits).items():
            texts[number] = applied(texts[number], changes)
            origins[number] = _moved(origins[number], changes)
    for item in found:
        reports.append(_report(document, item, origins, rewritten=False))
    reports.sort(key=lambda report: (report.cell, report.line, report.column))
    return reports, document.with_cells(texts)


def _report(
    document: Document, item: Found, origins: Sequence[list[int]], *, rewritten: bool
) -> Report:
    finding = item.finding
    cell, habit = document.cells[item.cell], HABITS[finding.rule]
    start = origins[item.cell][finding.start]
    starts = cell.line_starts
    number = bisect.bisect_right(starts, start) - 1
    first = starts[number]
    line = cell.text[first : [*starts[number + 1 : number + 2], None][0]].rstrip()
    where = finding.end or max((edit[1] for edit in finding.edits), default=0)
    end = origins[item.cell][min(where, len(origins[item.cell]) - 1)]
    line_end = first + len(line)
    end = end if start < end <= line_end or finding.end else max(line_end, start)
    last = bisect.bisect_right(starts, max(end, start)) - 1
    reason = REASONS[finding.reason] if finding.reason else Text("", "")
    words = finding.words
    return Report(
        rule=finding.rule,
        # Around data Variable is harmless; around an output it stops the learning.
        severity="silent" if finding.reason == "cuts-graph" else habit.level,
        cell=cell.number,
        line=cell.first_line + number,
        column=start - first + 1 + len(cell.indent),
        end_line=cell.first_line + last,
        end_column=end - starts[last] + 1 + len(cell.indent),
        code=line.strip(),
        says=habit.says,
        today=_filled(habit.today, words),
        fix=_filled(habit.fix, words),
        rewritten=rewritten,
        reason=_filled(reason, words),
    )


def _filled(text: Text, words: dict[str, str]) -> Text:
    if not words:
        return text
    return Text(text.zh.format(**words), text.en.format(**words))


def _moved(origins: list[int], edits: Iterable[Edit]) -> list[int]:
    """Return where the characters of an edited text come from."""
    parts, position = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += origins[position:start] + [origins[start]] * len(new)
        position = end
    return parts + origins[position:]
