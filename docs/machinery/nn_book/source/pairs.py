"""Every text that stands in both languages, wherever it stands, and the lock on them.

A pair is what one language says between two places that both share, and what the other
says there. Pairs stand in the pages of the book; in Python (hints of exercises, errors,
words of the machinery) and in the package's tables; in the tables ``WORDS`` of the
demos; in the theme's catalog; and in the files for contributors, section by section.

The lock (``pairs.lock``) holds a checksum of each text, so that nobody changes one
language and forgets the other.
"""

import ast
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from babel.messages.pofile import read_po

from nn_book.source.bilingual import COMMENT, LANGUAGES, Block, Line
from nn_book.source.reader import Page, read_pages
from nn_book.source.rules import NAMES, Problem
from nn_book.source.rules.prose import HAN

LOCK = "pairs.lock"
ACCEPT = "compare both, then run 'nox -s lint -- accept'"
# Of one text, its lines with their numbers in the source.
Lines = list[tuple[int, str]]


@dataclass
class Pair:
    """One text in both languages."""

    key: str  # what it belongs to (the label above it, a table), and a number
    lines: dict[str, Lines] = field(
        default_factory=lambda: {lang: [] for lang in LANGUAGES}
    )

    def checksum(self, lang: str) -> str:
        """Return a short checksum of one text.

        Blank lines count where they part paragraphs, blanks where they may indent:
        not in comments, which follow their code.
        """
        text = "\n".join(
            text.strip() if COMMENT.fullmatch(text) else text
            for _, text in self.lines[lang]
        )
        text = re.sub(r"\n\s*\n", "\n\n", text).strip("\n")
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    def locked(self) -> str:
        """Return both checksums as the lock holds them."""
        return " ".join(self.checksum(lang) for lang in LANGUAGES)


def all_pairs(docs: Path) -> dict[str, list[Pair]]:
    """Return the pairs of every file, by its path as seen from the folder of the book.

    Args:
        docs: The folder of the book; the package and the files for contributors are
            beside it.
    """
    root = docs.parent
    found: dict[Path, Iterator[Pair]] = {}
    for place in (root / "nn_tutorial", docs / "machinery", docs / "conf.py"):
        found |= {path: in_python(read(path)) for path in files(place, "*.py")}
    tables = files(root / "nn_tutorial", "*.toml")
    found |= {path: in_toml(read(path)) for path in tables}
    words = files(docs / "pieces", "words.mjs")
    found |= {path: in_words(read(path)) for path in words}
    found |= {path: in_catalog(path) for path in files(docs / "theme", "*.po")}
    for path in root.glob("*.zh.md"):
        english = path.with_name(path.name.replace(".zh.", "."))
        found[path] = in_sections(read(path), read(english))
    found |= {path: in_halves(read(path)) for path in root.glob("CHANGELOG.md")}
    named = {os.path.relpath(path, docs): pairs for path, pairs in found.items()}
    named |= {page.name: in_page(page) for page in read_pages(docs)}
    return {Path(name).as_posix(): numbered(named[name]) for name in sorted(named)}


def files(place: Path, pattern: str) -> list[Path]:
    """Return a file itself, or the files below a folder that match."""
    return [place] if place.is_file() else sorted(place.rglob(pattern))


def read(path: Path) -> str:
    """Return the text of a file."""
    return path.read_text(encoding="utf8")


def numbered(pairs: Iterable[Pair]) -> list[Pair]:
    """Number the pairs that belong to the same thing."""
    counts = Counter[str]()
    found = []
    for pair in pairs:
        if any(pair.lines.values()):
            counts[pair.key] += 1
            found.append(Pair(f"{pair.key}.{counts[pair.key]}", pair.lines))
    return found


# -- Where pairs stand ----------------------------------------------------------


def in_page(page: Page) -> Iterator[Pair]:
    """Cut a page into pairs of texts: what both languages share lies between them."""
    pair = Pair("top")
    end = Line(0, "(end)", "text", LANGUAGES, Block(), 0, "")
    for line in [*page.lines, end]:
        shared = line.languages == LANGUAGES and line.kind != "mark"
        comment = COMMENT.fullmatch(line.text) if line.block.verbatim else None
        in_code = line.block.verbatim and line.kind == "text"  # not the fence around it
        if comment:
            pair.lines[comment["lang"]].append((line.number, line.text))
        elif len(line.languages) == 1 or line.kind == "mark":
            for lang, lines in pair.lines.items():  # what is not shown leaves a blank
                shown = line.kind != "mark" and lang in line.languages
                text = line.text if shown else ""
                if lines or text.strip():
                    lines.append((line.number, text))
        elif shared and line.text.strip() and not in_code:
            if any(pair.lines.values()):
                yield pair
            named = re.fullmatch(r"\((.+)\)=\s*", line.text)
            pair = Pair(named[1] if named else pair.key)


def in_python(code: str) -> Iterator[Pair]:
    """Yield what a module says in both languages.

    That is: ``zh=`` and ``en=`` of a call, the entries "zh" and "en" of a dictionary, a
    Chinese text followed by an English one in a call, and one text or the other.
    """
    for statement in ast.parse(code).body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        name = str(getattr(statement, "name", getattr(targets[0], "id", "code")))
        for node in ast.walk(statement):
            for zh, en in twins(node):
                yield Pair(name, {"zh": texts(zh), "en": texts(en)})


def twins(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the expressions in a node that say the same in Chinese and in English."""
    named: dict[object, ast.expr] = {}
    if isinstance(node, ast.Call):
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        for first, second in pairwise(node.args):
            if is_chinese(first) and texts(second) and not is_chinese(second):
                yield first, second
    elif isinstance(node, ast.Dict):
        named = by_key(node)
    elif isinstance(node, ast.IfExp) and is_chinese(node.body):
        yield node.body, node.orelse
    if named.keys() >= set(LANGUAGES):
        zh, en = (named[lang] for lang in LANGUAGES)
        if isinstance(zh, ast.Dict) and isinstance(en, ast.Dict):
            in_zh, in_en = by_key(zh), by_key(en)
            for key in in_zh | in_en:
                yield in_zh.get(key, ast.Pass()), in_en.get(key, ast.Pass())
        elif texts(zh) or texts(en):
            yield zh, en


def by_key(table: ast.Dict) -> dict[object, ast.expr]:
    """Return the values of a dictionary by their keys, if these are constants."""
    entries = zip(table.keys, table.values, strict=True)
    return {key.value: value for key, value in entries if isinstance(key, ast.Constant)}


def texts(tree: ast.AST) -> Lines:
    """Return the texts in an expression, with the numbers of their lines."""
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def is_chinese(tree: ast.AST) -> bool:
    """Whether an expression is a text, and has Han characters."""
    is_text = isinstance(tree, ast.Constant | ast.JoinedStr)
    return is_text and any(re.search(f"[{HAN}]", text) for _, text in texts(tree))


def in_toml(code: str) -> Iterator[Pair]:
    """Yield the lines ``zh`` and ``en`` of each entry."""
    pair = Pair("top")
    for number, line in enumerate(code.split("\n"), 1):
        if table := re.fullmatch(r"\[+(.+?)\]+", line):
            yield pair
            pair = Pair(table[1])
        elif entry := re.match(r"(zh|en) = ", line):
            pair.lines[entry[1]].append((number, line))
    yield pair


def in_words(code: str) -> Iterator[Pair]:
    """Yield the entries of the tables ``zh`` and ``en`` of a module of JavaScript."""
    pairs: dict[str, Pair] = {}
    lang, key = "", ""
    for number, line in enumerate(code.split("\n"), 1):
        if table := re.match(r"  (zh|en): \{", line):
            lang = table[1]
        elif entry := re.match(r"    (\w+):", line):
            key = entry[1]
        if lang and line.startswith("    "):
            pairs.setdefault(key, Pair(key)).lines[lang].append((number, line))
    yield from pairs.values()


def in_catalog(path: Path) -> Iterator[Pair]:
    """Yield the messages of a catalog, which are English, and their translations."""
    with path.open("rb") as file:
        for message in read_po(file):
            if message.id and message.lineno:
                zh, en = str(message.string), str(message.id)
                lines = {"zh": [(message.lineno, zh)], "en": [(message.lineno, en)]}
                yield Pair(en, lines)


def in_sections(zh: str, en: str) -> Iterator[Pair]:
    """Yield the sections of two files that say the same, one after another."""
    chapters = [sections(text) for text in (zh, en)]
    for number in range(max(map(len, chapters))):
        both = [parts[number] if number < len(parts) else [] for parts in chapters]
        yield Pair("section", dict(zip(LANGUAGES, both, strict=True)))


def sections(text: str) -> list[Lines]:
    """Cut a file of Markdown at its headings of level 2, outside of code."""
    found: list[Lines] = [[]]
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if mark := re.match("`{3,}", line):
            fence = "" if mark[0] == fence else fence or mark[0]
        if line.startswith("## ") and not fence:
            found.append([])
        if line.strip():
            found[-1].append((number, line))
    return found


def in_halves(text: str) -> Iterator[Pair]:
    """Yield the versions of the change log: English, a line ``---``, Chinese."""
    for section in sections(text)[1:]:
        name = section[0][1].removeprefix("## ")
        at = [text for _, text in section].index("---")
        yield Pair(name, {"zh": section[at + 1 :], "en": section[1:at]})


# -- The lock -------------------------------------------------------------------


def one_sided(pairs: list[Pair]) -> Iterator[Problem]:
    """What one reader is told, the other is told, too."""
    for pair in pairs:
        for lang, other in (LANGUAGES, LANGUAGES[::-1]):
            if pair.lines[lang] and not pair.lines[other]:
                number, text = pair.lines[lang][0]
                if not COMMENT.fullmatch(text):
                    message = f"{NAMES[lang]} without {NAMES[other]}"
                    yield Problem(number, f"{message}: {text.strip()[:40]!r}")


def changed_alone(
    name: str, pairs: list[Pair], lock: dict[str, str]
) -> Iterator[Problem]:
    """Compare the texts of a file with those that somebody has read together."""
    known = [texts for entry, texts in lock.items() if entry.startswith(f"{name}#")]
    old = {
        lang: [texts.split()[place] for texts in known]
        for place, lang in enumerate(LANGUAGES)
    }
    news = [pair for pair in pairs if pair.locked() not in known]
    for pair in news:
        same = [lang for lang in LANGUAGES if pair.checksum(lang) in old[lang]]
        changed = [lang for lang in LANGUAGES if lang not in same]
        if len(changed) == 1:
            lines = pair.lines[changed[0]] or pair.lines[same[0]]
            message = f"{NAMES[changed[0]]} changed here, {NAMES[same[0]]} did not"
        else:
            lines = pair.lines["zh"] or pair.lines["en"]
            message = "new or changed texts"
        yield Problem(lines[0][0], f"{message}: {ACCEPT}")
    if not news and set(known) - {pair.locked() for pair in pairs}:
        yield Problem(1, f"the lock has texts that are gone: {ACCEPT}")


def read_lock(docs: Path) -> dict[str, str]:
    """Return the entries of the lock; none before the first time."""
    path = docs / LOCK
    entries: dict[str, str] = json.loads(read(path)) if path.exists() else {}
    return entries


def accept(docs: Path) -> None:
    """Write down that the texts of all files were read together."""
    entries = {
        f"{name}#{pair.key}": pair.locked()
        for name, pairs in all_pairs(docs).items()
        for pair in pairs
    }
    text = json.dumps(entries, indent=0, ensure_ascii=False)
    (docs / LOCK).write_text(text + "\n", encoding="utf8")
