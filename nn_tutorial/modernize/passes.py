"""One pass: what stands in the cells now, and which edits can be made together."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import re
from collections.abc import Iterable, Sequence

import libcst as cst

from .documents import Document
from .program import Program, is_followed
from .repairs import REPAIRS, is_python, masked_magics, repairs
from .rules import Edit, Finding, find_habits, needed_edits

__all__ = ["Found", "accepted", "applied", "by_cell", "examined"]

# A program without any of these words has none of the habits.
_WORDS = re.compile(
    r"torch|Variable|volatile|softmax|\.cuda|\.data\b|numpy|np\.|xrange|raw_input|unichr"
    r"|unicode|basestring|iteritems|itervalues|iterkeys|has_key|transforms|\b(?:nn|F)\."
    r"|print *(?:>>|-|\[|\([^()]*\) *,)"
)

_NEW_LINE = re.compile(r"\r\n|\r|\n")

CellEdit = tuple[int, int, int, str]


@dataclasses.dataclass
class Found:
    """A finding, located in the cells of a document.

    Attributes:
        cell: Number of the cell it stands in, from 0.
        finding: What the rules said, with offsets in that cell.
        edits: Its edits, each with the number of the cell in front.
        needs: The edits for what it needs besides, by what is needed.
    """

    cell: int
    finding: Finding
    edits: list[CellEdit] = dataclasses.field(default_factory=list)
    needs: dict[object, list[CellEdit]] = dataclasses.field(default_factory=dict)


def examined(texts: Sequence[str], document: Document, unseen: set[str]) -> list[Found]:
    """Return what stands in the cells now; ``unseen`` are words used elsewhere."""
    found: list[Found] = []
    parts: list[tuple[int, str]] = []
    for number, text in enumerate(texts):
        readable, findings = _readable(text, document.kind)
        for item in findings:
            edits = [(number, *edit) for edit in item.edits]
            found.append(Found(number, item, edits))
        if readable is not None:
            parts.append((number, readable))
        if readable != text:
            unseen |= _words_lost(text, readable)
    if document.is_undeclared:
        odd = next((n for n, char in enumerate(texts[0]) if not char.isascii()), 0)
        found.append(Found(0, Finding("encoding", odd, reason="your-file")))
    if any(_WORDS.search(text) for _, text in parts):
        found += _habits_in(parts, unseen)
    return found


def _words_lost(text: str, readable: str | None) -> set[str]:
    """Return the words of a cell that no rule sees: hidden, or in a cell not read."""
    if readable is None:
        return set(re.findall(r"\w+", text))
    pairs = zip(_NEW_LINE.split(text), _NEW_LINE.split(readable), strict=True)
    hidden = " ".join(old for old, new in pairs if old != new)
    return set(re.findall(r"\w+", hidden))


def _readable(text: str, kind: str) -> tuple[str | None, list[Finding]]:
    """Return a cell as Python, as far as it is, and what stands in the way.

    IPython lines are hidden. A cell that has to be fixed first is returned as ``None``
    and read in the next pass.
    """
    if is_python(text) is None:
        return text, []
    masked = masked_magics(text)
    if masked is None or text.lstrip().startswith(">>>"):
        words = {"message": text.split(maxsplit=1)[0]}
        return None, [Finding("not-read", 0, words=words)]
    hidden, magics = masked
    in_file = kind == "python"
    findings = [Finding("ipython-magic", start) for start in magics if in_file]
    error = is_python(hidden)
    if error is None:
        return hidden, findings

    broken = repairs(hidden)
    edits = sorted(edit for repair in broken for edit in repair.edits)
    if any(one[1] > other[0] for one, other in itertools.pairwise(edits)):
        edits = []
    mended_error = is_python(applied(hidden, edits))
    if mended_error is not None and kind == "markdown":
        # A page shows pieces of code, output and other languages under that name.
        return None, [Finding("not-read", 0, words={"message": mended_error.msg})]
    for repair in broken:
        char = hidden[repair.start]
        words = {
            "char": char,
            "code": f"U+{ord(char):04X}",
            "plain": repair.edits[0][2] if repair.edits else "?",
        }
        item = Finding(repair.kind, repair.start, words=words)
        if not repair.edits:
            item.reason = "punctuation-unclear"
        elif mended_error is None:
            item.edits = list(repair.edits)
        else:
            item.reason = "does-not-parse"
        findings.append(item)
    if mended_error is not None:
        # No edit moves a line, so the number holds for the text as it is.
        start = _offset(hidden, mended_error)
        words = {"message": mended_error.msg}
        findings.append(Finding("syntax", start, words=words))
    return None, findings


def _offset(text: str, error: SyntaxError) -> int:
    """Return the offset of the place an error names, or the end of its line."""
    starts = [0, *(match.end() for match in _NEW_LINE.finditer(text))]
    line = min(max(error.lineno or 1, 1), len(starts)) - 1
    end = len(_NEW_LINE.split(text[starts[line] :], maxsplit=1)[0])
    return starts[line] + min(max((error.offset or 1) - 1, 0), end)


class _BeyondCellError(Exception):
    """An edit of a statement that goes on in the next cell."""


def _habits_in(parts: Sequence[tuple[int, str]], unseen: set[str]) -> list[Found]:
    """Apply the rules to the cells, read as one program: they share their names.

    Args:
        parts: Number and text of each cell.
        unseen: Words that stand where no rule looks, in lines for IPython, say.
    """
    source, spans = "", []
    for _, text in parts:
        if source and not source.endswith(("\n", "\r")):
            source += "\n"
        spans.append((len(source), len(source) + len(text)))
        source += text

    def cell_at(start: int, end: int) -> int | None:
        # Where one cell ends the next begins; what begins there belongs to that one.
        place = bisect.bisect_right(spans, (start, len(source))) - 1
        return place if end <= spans[place][1] else None

    def in_cells(edits: Iterable[Edit]) -> list[CellEdit]:
        located = []
        for start, end, text in edits:
            place = cell_at(start, end)
            if place is None:
                raise _BeyondCellError
            first = spans[place][0]
            located.append((parts[place][0], start - first, end - first, text))
        return located

    found = []
    needed: dict[str | cst.CSTNode, list[CellEdit]] = {}
    try:
        program = Program(source, spans, unseen)
        for finding in find_habits(program):
            place = cell_at(finding.start, finding.start)
            assert place is not None
            item = Found(parts[place][0], finding)
            try:
                item.edits = in_cells(finding.edits)
                for need in finding.needs:
                    if need not in needed:
                        needed[need] = in_cells(needed_edits(program, [need]))
                    item.needs[need] = needed[need]
            except _BeyondCellError:
                item.edits, item.needs = [], {}
                finding.reason = "structure"
            finding.start -= spans[place][0]
            finding.end = max(finding.end - spans[place][0], 0)
            found.append(item)
    except (cst.ParserSyntaxError, RecursionError, ValueError) as error:
        words = {"message": str(error).partition("\n")[0][:200]}
        odd = [part for part in parts if not is_followed(part[1])] or parts
        notes = [
            Found(number, Finding("not-read", 0, words=words)) for number, _ in odd
        ]
        good = [part for part in parts if part not in odd]
        for _, text in odd:
            unseen = unseen | _words_lost(text, None)
        return notes + (_habits_in(good, unseen) if good else [])
    return found


def accepted(
    texts: Sequence[str], found: Iterable[Found]
) -> tuple[list[Found], list[CellEdit]]:
    """Choose the findings whose edits can be made together; others wait a pass.

    Returns:
        The findings, and their edits with those for what they need besides.
    """
    open_items = [item for item in found if item.edits]
    while True:
        chosen: list[tuple[Found, list[CellEdit]]] = []
        taken: dict[int, list[tuple[int, int]]] = {}
        met: set[object] = set()
        for item in open_items:
            new = {need: part for need, part in item.needs.items() if need not in met}
            wanted = [*item.edits, *(edit for part in new.values() for edit in part)]
            if any(_collides(edit, taken) for edit in wanted):
                continue
            for cell, start, end, _ in wanted:
                bisect.insort(taken.setdefault(cell, []), (start, end))
            chosen.append((item, wanted))
            met.update(new)
        sound = _sound(texts, chosen, [])
        if len(sound) == len(chosen):
            items = [item for item, _ in sound]
            return items, [edit for _, wanted in sound for edit in wanted]
        # What one of those left out would have brought in, another one may need.
        open_items = [item for item, _ in sound]


def _collides(edit: CellEdit, taken: dict[int, list[tuple[int, int]]]) -> bool:
    """Say whether an edit begins where another one begins, or overlaps one."""
    cell, start, end, _ = edit
    spans = taken.get(cell, [])
    place = bisect.bisect_left(spans, (start, start))
    behind, before = spans[place : place + 1], spans[max(place - 1, 0) : place]
    return any(start == first or first < end for first, _ in behind) or any(
        start == first or start < last for first, last in before
    )


def _sound(
    texts: Sequence[str],
    chosen: list[tuple[Found, list[CellEdit]]],
    beside: list[CellEdit],
) -> list[tuple[Found, list[CellEdit]]]:
    """Return those of some findings whose edits, all together, leave Python.

    One look at all of them is enough as a rule; where it is not, the half at fault is
    halved again, until the finding at fault is known.

    Args:
        texts: The cells.
        chosen: The findings and their edits, which do not overlap.
        beside: Edits that are made as well.
    """
    # Repairs have been tried already, all of a cell together.
    tried = [pair for pair in chosen if pair[0].finding.rule not in REPAIRS]
    edits = [edit for _, wanted in tried for edit in wanted]
    if not edits or not _breaks(texts, edits, beside=beside):
        return chosen
    if len(chosen) == 1:
        # Two lines that are a whole block may go one by one, but not both.
        item = chosen[0][0]
        if not beside or _breaks(texts, edits):
            item.edits, item.finding.edits = [], []
            item.finding.reason = "structure"
        return []
    middle = len(chosen) // 2
    first = _sound(texts, chosen[:middle], beside)
    done = [*beside, *(edit for _, wanted in first for edit in wanted)]
    return first + _sound(texts, chosen[middle:], done)


def _breaks(
    texts: Sequence[str], edits: Sequence[CellEdit], beside: Sequence[CellEdit] = ()
) -> bool:
    """Say whether a cell would be no Python any more after some edits.

    Args:
        texts: The cells.
        edits: The edits in question.
        beside: Edits that are made as well.
    """
    others = by_cell(beside)
    for number, changes in by_cell(edits).items():
        text = applied(texts[number], [*others.get(number, []), *changes])
        if is_python(text):
            masked = masked_magics(text)
            if masked is None or is_python(masked[0]):
                return True
    return False


def by_cell(edits: Iterable[CellEdit]) -> dict[int, list[Edit]]:
    """Sort edits by the cell they are made in."""
    groups: dict[int, list[Edit]] = {}
    for cell, start, end, text in edits:
        groups.setdefault(cell, []).append((start, end, text))
    return groups


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return ``text`` after some edits that do not overlap."""
    parts, position = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[position:start], new]
        position = end
    return "".join([*parts, text[position:]])
