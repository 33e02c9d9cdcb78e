"""A source page of the book, as the lint reads it.

What must not depend on the language (headings, labels, directives, formulas ...) is an
item; sentences, titles and alt texts are prose. Both know their line in the source.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from nn_book.source.bilingual import LANGUAGES, VERBATIM, Line, scan, selected_lines
from nn_book.source.course import chapter_numbers
from nn_book.source.variables import names_of

# How a reading of a page says what stands in a line of text besides text.
THING = "\ue001"  # code, a formula, a glued number: written with spaces around it
UNKNOWN = "\ue000"  # the text of a reference, which only the build knows
EATEN = "\ue002"  # an underscore that is not shown: Markdown took it for emphasis

# What conf.py turns on, too: it decides what is a fence.
MYST_EXTENSIONS = {"colon_fence", "deflist", "dollarmath", "attrs_inline"}
CONFIG = MdParserConfig(enable_extensions=MYST_EXTENSIONS)
PARSER = create_md_parser(CONFIG, RendererHTML)
# Directives whose argument is a title, and options that are texts.
TITLED = {"admonition", "important", "list-table", "note", "tip", "warning"}
TEXT_OPTIONS = {"alt", "caption"}
# Roles whose content is a text, or a term of the glossary in its language.
TEXT_ROLES = {"abbr", "term"}


@dataclass
class Cell:
    """A code cell."""

    line: int  # of its fence
    tags: list[str] = field(default_factory=list)
    lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The source, without the options."""
        return "\n".join(text for _, text in self.lines)

    @property
    def hidden(self) -> bool:
        """Whether neither page nor download shows the cell."""
        return "remove-cell" in self.tags

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree, or None for what is not Python."""
        try:
            return ast.parse(self.code)
        except SyntaxError:
            return None

    @property
    def statements(self) -> Iterator["Statement"]:
        """What stands at the top of the cell."""
        for node in self.tree.body if self.tree else []:
            imports = isinstance(node, ast.Import | ast.ImportFrom)
            line = self.lines[node.lineno - 1][0]
            yield Statement(line, imports, *names_of(node))


@dataclass(frozen=True)
class Statement:
    """A statement of a cell."""

    line: int
    imports: bool  # whether it is an import
    used: set[str]  # global names
    defined: set[str]


@dataclass(frozen=True)
class Item:
    """A part of a page that must not depend on the language."""

    line: int
    what: str
    section: int  # number of headings above it
    inline: bool = False  # its place in a sentence is free


@dataclass(frozen=True)
class Prose:
    """A paragraph, a title or an alt text."""

    lines: list[tuple[int, str]]  # number in the source, text
    section: int  # number of headings above it
    own_words: str  # without the text of links and emphasis (titles of papers)


@dataclass
class Reading:
    """One language of a page."""

    lang: str
    items: list[Item] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    headings: list[tuple[int, int]] = field(default_factory=list)  # line, level
    numbers: list[int] = field(default_factory=list)  # of each selected line

    def line(self, index: int) -> int:
        """Return the number in the source of a selected line, counted from 0."""
        return next((n for n in self.numbers[index::-1] if n), 1)

    def add(self, index: int, what: str, *, inline: bool = False) -> None:
        """Note an item of the skeleton."""
        self.items.append(Item(self.line(index), what, len(self.headings), inline))


@dataclass
class Page:
    """One source file."""

    name: str  # relative to docs, with slashes
    text: str
    order: dict[str, int] = field(default_factory=dict)  # of all chapters, by number

    @property
    def chapter(self) -> bool:
        """Whether this is a chapter of the book."""
        return self.name.startswith("chapters/")

    @cached_property
    def lines(self) -> list[Line]:
        """Every line, and where it stands."""
        return list(scan(self.text))

    @cached_property
    def cells(self) -> list[Cell]:
        """All code cells."""
        cells: list[Cell] = []
        for line in self.lines:
            if line.opens == "code-cell":
                cells.append(Cell(line.number))
            elif line.block.directive == "code-cell" and line.kind == "text":
                line.block.read_option(line.text)
                if not line.block.in_options:
                    cells[-1].lines.append((line.number, line.text))
                elif tags := re.match(r":?tags:(.*)", line.text):
                    cells[-1].tags += re.findall(r"[\w-]+", tags[1])
        return cells

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """Both languages."""
        return {lang: read(self.text, lang) for lang in LANGUAGES}


def read_pages(docs: Path) -> list[Page]:
    """Return every page of the book, sorted by name."""
    names = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))
    order = chapter_numbers(docs)
    return [
        Page(name, (docs / name).read_text(encoding="utf8"), order)
        for name in names
        if not name.startswith("_")
    ]


def read(text: str, lang: str) -> Reading:
    """Read one language of a page."""
    selected = selected_lines(text, lang)
    reading = Reading(lang, numbers=[number for _, number in selected])
    read_blocks(reading, "\n".join(line for line, _ in selected), 0)
    return reading


def read_blocks(reading: Reading, text: str, start: int) -> None:
    """Read Markdown that starts at a selected line (counted from 0)."""
    for token in PARSER.parse(text):
        index = start + token.map[0] if token.map else start
        if token.type == "inline":
            read_text(reading, token.children or [], index)
        elif token.type in ("fence", "colon_fence"):
            read_fence(reading, token, index)
        elif token.type == "heading_open":
            reading.add(index, f"a heading {token.tag}")
            reading.headings.append((reading.line(index), int(token.tag[1])))
        elif token.type == "myst_target":
            reading.add(index, f"the label ({token.content})=")
        elif token.type in ("math_block", "math_block_label"):
            reading.add(index, f"the formula {formula(token.content)}")
        elif token.type in ("tr_open", "list_item_open", "dt_open", "dd_open"):
            kind = {"tr": "table row", "li": "list item"}.get(token.tag, "definition")
            reading.add(index, f"a {kind}")
        elif token.type == "footnote_reference_open":
            reading.add(index, f"the footnote [^{token.meta['label']}]")


def directive_of(info: str) -> tuple[str, str]:
    """Return name and argument of the directive that a fence opens; "" for code."""
    directive = re.fullmatch(r"\{([^}]+)\}\s*(.*)", info.strip())
    return (directive[1], directive[2]) if directive else ("", "")


def options_of(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options at the head of a directive, a line each, and its body."""
    options = {}
    for line in lines:
        option = re.match(r"\s*:([\w-]+):\s*(.*)", line)
        if option is None:
            break
        options[option[1]] = option[2]
    return options, lines[len(options) :]


def read_fence(reading: Reading, token: Token, index: int) -> None:
    """Read a directive: its name and options, then what stands in it."""
    name, argument = directive_of(token.info)
    if not name:
        reading.add(index, "a block of code")
        return
    reading.add(index, f"{{{name}}} {'' if name in TITLED else argument}".rstrip())
    if name in TITLED:
        read_line(reading, argument, index)
    options, body = options_of(token.content.split("\n"))
    for line, (key, value) in enumerate(options.items(), index + 1):
        if key in TEXT_OPTIONS:
            read_line(reading, value, line)
        else:
            reading.add(line, f"the option :{key}: {value}".rstrip())
    start = index + 1 + len(options)
    if name == "math":
        reading.add(index, f"the formula {formula(' '.join(body))}")
    elif name in ("glossary", "toctree"):
        for number, entry in enumerate(body, start):
            read_line(reading, entry if name == "glossary" else "", number)
            if name == "toctree" and entry:
                reading.add(number, f"the entry {target(entry)}")
    elif name not in VERBATIM:
        read_blocks(reading, "\n".join(body), start)


def read_line(reading: Reading, text: str, index: int) -> None:
    """Read a line of text that stands in the place of an argument or an option."""
    [inline] = PARSER.parseInline(text)
    read_text(reading, inline.children or [], index)


def read_text(reading: Reading, tokens: list[Token], index: int) -> None:
    """Read a paragraph: what it says, and what it refers to."""
    lines = [(reading.line(index), "")]
    own_words: list[str] = []
    depth = 0  # of links and emphasis
    for token in tokens:
        depth += token.nesting
        if token.type in ("softbreak", "hardbreak"):
            index += 1
            lines.append((reading.line(index), ""))
            continue
        text, item = meaning(token)
        if item:
            reading.add(index, item, inline=True)
        if depth == 0:
            own_words.append(text)
        lines[-1] = (lines[-1][0], lines[-1][1] + text)
    if any(text.strip() for _, text in lines):
        reading.prose.append(Prose(lines, len(reading.headings), " ".join(own_words)))


def meaning(token: Token) -> tuple[str, str]:
    """Return the text of a part of a sentence, and its item of the skeleton."""
    if token.type == "text":
        return token.content, ""
    if token.type in ("em_open", "strong_open") and "_" in token.markup:
        return EATEN, ""
    if token.type == "code_inline":
        return THING, ""
    if token.type == "math_inline":
        return THING, f"the formula {formula(token.content)}"
    if token.type == "link_open":
        return "", f"the link {token.attrs['href']}"
    if token.type == "image":
        return token.content, f"the image {token.attrs['src']}"
    if token.type == "footnote_ref":
        return "", f"the footnote [^{token.meta['label']}]"
    if token.type != "myst_role":
        return "", ""
    name, content = token.meta["name"], token.content
    if name == "math":
        return THING, f"the formula {formula(content)}"
    if name in TEXT_ROLES:
        return re.sub(r"\s*<.*>$", "", content), f"{{{name}}}"
    words = re.match(r"(.*?)\s*<.*>$", content)
    text = THING if name.startswith("glue") else words[1] if words else UNKNOWN
    name = "ch" if name == "Ch" else name  # where an English sentence begins
    return text, f"{{{name}}}`{target(content)}`"


def target(text: str) -> str:
    """Return what stands in the angle brackets of "a title <target>", or all."""
    return re.sub(r"(?s).*<(.*)>$", r"\1", text.strip())


def formula(text: str) -> str:
    """Return a formula without its words and its line breaks."""
    return re.sub(r"\\text\{[^}]*\}", r"\\text{}", " ".join(text.split()))
