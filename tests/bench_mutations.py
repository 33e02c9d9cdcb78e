"""Damage the sources of the book at random and count what nobody would notice.

``python tests/bench_mutations.py [count]`` makes 20,000 mutations of sections of the
book: lines and characters are deleted, doubled, exchanged, inserted, marks of language
changed. A mutation is silent if it changes the page of exactly one language and `nox -s
lint` says nothing of it. Each silent one is printed; there should be none.
"""

import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from difflib import unified_diff
from io import StringIO
from pathlib import Path

from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from nn_book import DOCS
from nn_book.source import lint
from nn_book.source.bilingual import LANGUAGES, select, select_comments, select_output

PARSER = create_md_parser(
    MdParserConfig(
        enable_extensions={"colon_fence", "deflist", "dollarmath", "attrs_inline"}
    ),
    RendererHTML,
)
PRINTED = re.compile(r"""(["'])(zh|en): (.*?)\1""")
LETTERS = "`*_#%:{}()[]<>$|!\\-+=~^&@/.,0123456789 abcz\t\n中。，"


class Bench:
    """A folder with one section of the book at a time, which the lint finds good."""

    def __init__(self, folder: Path, *, sections: int | None = None) -> None:
        self.folder = folder
        (folder / "index.md").write_text("", encoding="utf8")
        self.page = folder / "page.md"
        self.sections = list(self._good_sections(sections))

    def _good_sections(self, at_most: int | None) -> Iterator[str]:
        """Yield sections that are good alone; another one needs its neighbors."""
        texts = [text for path in sorted(DOCS.rglob("*.md")) for text in cut(path)]
        random.Random(0).shuffle(texts)
        found = 0
        for text in texts:
            if found == at_most:
                return
            self._accept(text)
            if not self.problems(text):
                found += 1
                yield text

    def _accept(self, text: str) -> None:
        """Write the lock as if somebody had read both languages of a text."""
        self.page.write_text(text, encoding="utf8")
        (self.folder / "pairs.lock").unlink(missing_ok=True)
        with redirect_stdout(StringIO()):
            lint.main(["accept"], self.folder)

    def problems(self, text: str) -> list[str]:
        """Return what the lint says of a text in place of the accepted one."""
        self.page.write_text(text, encoding="utf8")
        return lint.problems(self.folder)

    def attack(self, count: int, *, seed: int = 0) -> Iterator[tuple[str, str]]:
        """Yield the silent ones of so many mutations, as the kind and a diff."""
        generator = random.Random(seed)
        done = 0
        while done < count:
            text = generator.choice(self.sections)
            self._accept(text)
            before = {lang: shown(text, lang) for lang in LANGUAGES}
            for _ in range(min(25, count - done)):
                done += 1
                kind, mutated = mutate(text, generator)
                changed = [
                    lang for lang in LANGUAGES if shown(mutated, lang) != before[lang]
                ]
                if len(changed) == 1 and not self.problems(mutated):
                    lines = text.split("\n"), mutated.split("\n")
                    diff = "\n".join(unified_diff(*lines, lineterm="", n=2))
                    yield f"{kind}: only {changed[0]} changed", diff


def cut(path: Path) -> Iterator[str]:
    """Yield the sections of a page that both languages share the label of."""
    text = path.read_text(encoding="utf8")
    if path.relative_to(DOCS).parts[0].startswith("_"):
        return
    for part in re.split(r"(?m)^(?=\([\w-]+\)=$)", text)[1:]:
        if "% zh" in part and "% en" in part and len(part) < 6_000:
            # Headings start at the first level, as on a page of its own.
            top = min((len(h) for h in re.findall("(?m)^#+(?= )", part)), default=1)
            yield re.sub(rf"(?m)^#{{{top}}}(?=#* )", "#", part)


def shown(text: str, lang: str) -> str:
    """Return what a reader of one language gets to see, as HTML."""
    html = PARSER.render(select(text, lang))
    # Of a cell a reader sees the comments and printed lines of one language.
    html = select_comments(html, lang)
    html = PRINTED.sub(lambda said: select_output(f"{said[2]}: {said[3]}", lang), html)
    # The lines of the other language have become blank.
    return re.sub(r"\n\s*\n+", "\n", html)


def mutate(text: str, generator: random.Random) -> tuple[str, str]:
    """Return the name of a random mutation, and the text that it makes."""
    choose = generator.choice
    kind = choose(list(MUTATIONS))
    mutated = MUTATIONS[kind](text, choose)
    return kind, mutated


def _in_lines(change):
    """Return a mutation of one line: ``change(lines, i, choose)`` changes the list."""

    def mutation(text, choose):
        lines = text.split("\n")
        change(lines, choose(range(len(lines) - 1)), choose)
        return "\n".join(lines)

    return mutation


def _in_characters(change):
    """Return a mutation at one place: ``change(rest, choose)`` changes what follows."""

    def mutation(text, choose):
        place = choose(range(len(text)))
        return text[:place] + change(text[place:], choose)

    return mutation


def _of_matches(pattern, change):
    """Return a mutation of one of the matches of a pattern."""

    def mutation(text, choose):
        found = list(re.finditer(pattern, text))
        if not found:
            return text
        match = choose(found)
        return text[: match.start()] + change(match, choose) + text[match.end() :]

    return mutation


MARK = r"(?m)^% (zh|en|all)$"
MUTATIONS = {
    "a line deleted": _in_lines(lambda lines, i, _: lines.pop(i)),
    "a line doubled": _in_lines(lambda lines, i, _: lines.insert(i, lines[i])),
    "a line moved": _in_lines(
        lambda lines, i, choose: lines.insert(choose(range(len(lines))), lines.pop(i))
    ),
    "two lines exchanged": _in_lines(
        lambda lines, i, _: lines.insert(i, lines.pop(i + 1))
    ),
    "two lines joined": _in_lines(
        lambda lines, i, _: lines.insert(i, lines.pop(i) + lines.pop(i))
    ),
    "a blank line": _in_lines(lambda lines, i, _: lines.insert(i, "")),
    "a line indented": _in_lines(
        lambda lines, i, choose: lines.insert(
            i, " " * choose(range(1, 9)) + lines.pop(i)
        )
    ),
    "a line outdented": _of_matches(r"(?m)^ +", lambda match, _: match[0][1:]),
    "a blank line deleted": _of_matches(r"\n\n", lambda match, _: "\n"),
    "blanks at the end": _of_matches(
        r"(?m)$", lambda match, choose: choose([" ", "  ", "\\", "\t"])
    ),
    "a character deleted": _in_characters(lambda rest, _: rest[1:]),
    "a character doubled": _in_characters(lambda rest, _: rest[:1] + rest),
    "a character inserted": _in_characters(lambda rest, choose: choose(LETTERS) + rest),
    "a character replaced": _in_characters(
        lambda rest, choose: choose(LETTERS) + rest[1:]
    ),
    "two characters exchanged": _in_characters(
        lambda rest, _: rest[1:2] + rest[:1] + rest[2:]
    ),
    "a mark changed": _of_matches(
        MARK, lambda _, choose: f"% {choose(['zh', 'en', 'all', 'fr', ''])}"
    ),
    "a mark deleted": _of_matches(MARK + r"\n", lambda *_: ""),
    "a mark inserted": _in_lines(
        lambda lines, i, choose: lines.insert(i, f"% {choose(['zh', 'en', 'all'])}")
    ),
    "a number changed": _of_matches(
        r"\d+", lambda match, choose: str(int(match[0]) + choose([-1, 1]))
    ),
    "a prefix changed": _of_matches(
        r"\b(zh|en):", lambda match, choose: choose(["zh:", "en:", "zh", "EN:", ""])
    ),
}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        kinds = Counter[str]()
        for kind, diff in bench.attack(count):
            kinds[kind] += 1
            print(f"\n{kind}\n{diff}", flush=True)
        print(f"{len(bench.sections)} sections, {count} mutations:", end=" ")
        print(f"{kinds.total()} silent on one side", dict(kinds) or "")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
