"""One source file per page holds both languages; a build keeps one of them.

    % zh     Chinese only, up to the next mark
    % en     English only
    % all    both again

A mark inside a fence chooses up to the end of that fence. Code cells carry paired
comments, each on a line of its own, and may print paired lines:

    # zh: 每行一个点
    # en: one row per point
    print("zh: 对了。")
    print("en: Right.")

Both comments and both lines are executed, so that both languages find one entry in the
execution cache; the page then shows the reader's one, without its prefix.

The language is that of ``language`` in conf.py (its first two letters).
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

import nn_book
from nn_book.source.course import chapter_numbers, name_chapters

logger = logging.getLogger(__name__)

LANGUAGES = ("zh", "en")
MARK = re.compile(r"% (zh|en|all)\s*")
FENCE = re.compile(r"\s*(?P<fence>`{3,}(?!.*`)|~{3,}|:{3,})\s*(?P<info>.*)")
COMMENT = re.compile(r"(?P<indent>\s*# )(?P<lang>zh|en):(?: |$)(?P<text>.*)")
OUTPUT = re.compile(r"(?P<indent>)(?P<lang>zh|en):(?: |$)(?P<text>.*)")

# What stands in these is text for another program: a blank line may mean something
# in it, and three colons do not open a fence.
VERBATIM = {"code", "code-block", "code-cell", "eval-rst", "math", "raw", "raw-cell"}


@dataclass
class Block:
    """The page itself, its front matter, or a fence that is open."""

    fence: str = ""
    directive: str = ""
    verbatim: bool = False
    choice: str = "all"
    in_options: bool = False  # only options of the directive so far
    in_yaml: bool = False  # inside an option block between two lines "---"

    def closed_by(self, line: str) -> bool:
        """Whether ``line`` ends this block."""
        end = line.strip()
        if self.fence in ("", "---"):
            return bool(self.fence) and end in ("---", "...")
        return end.startswith(self.fence) and not end.strip(self.fence[0])

    def read_option(self, line: str) -> None:
        """Notice where the options of the directive end."""
        if self.in_yaml:
            self.in_yaml = line.strip() != "---"
        elif line.strip() == "---":
            self.in_yaml = self.in_options
        else:
            option = re.match(r"\s*:(?!::)", line) is not None
            self.in_options = self.in_options and option


@dataclass(frozen=True)
class Line:
    """A line of the source and where it stands."""

    number: int  # from 1
    text: str
    kind: str  # "mark", "open" or "close" (of a fence), "text"
    languages: tuple[str, ...]  # whose page shows it
    block: Block  # the innermost around it, or the one that it closes
    depth: int  # number of fences around it
    opens: str  # the directive whose fence it opens


def scan(text: str) -> Iterator[Line]:
    """Walk through a page and say of each line where it stands."""
    blocks = [Block()]
    for number, line in enumerate(text.split("\n"), 1):
        kind, block, opened = "text", blocks[-1], None
        if mark := MARK.fullmatch(line):
            kind = "mark"
            block.choice = mark[1]
        elif block.closed_by(line):
            kind = "close"
            blocks.pop()
        elif not block.verbatim and (opened := opened_block(number, line)):
            kind = "open"
        languages = tuple(
            lang
            for lang in LANGUAGES
            if all(block.choice in (lang, "all") for block in blocks)
        )
        depth, opens = len(blocks) - 1, opened.directive if opened else ""
        yield Line(number, line, kind, languages, block, depth, opens)
        if opened:
            blocks.append(opened)


def opened_block(number: int, line: str) -> Block | None:
    """Return the block that ``line`` opens, if it opens one."""
    if number == 1 and line.rstrip() == "---":
        return Block("---", verbatim=True)
    fence = FENCE.fullmatch(line)
    if fence is None:
        return None
    name = re.match(r"\{([^}]+)\}", fence["info"])
    directive = name[1] if name else ""
    plain_code = not directive and not fence["fence"].startswith(":")
    return Block(
        fence["fence"],
        directive,
        verbatim=plain_code or directive in VERBATIM,
        in_options=bool(directive),
    )


def select(text: str, lang: str) -> str:
    """Keep the lines of one language.

    Marks and the other language become blank lines, so that a message about line 80
    means line 80. Where a blank line would change the meaning it comes later: after
    the options of a directive, or after the end of a block of code or of a formula.

    Args:
        text: A whole page, with marks.
        lang: "zh" or "en".

    Returns:
        The page in one language, with as many lines as ``text``.
    """
    return "\n".join(line for line, _ in selected_lines(text, lang))


def selected_lines(text: str, lang: str) -> list[tuple[str, int]]:
    """Return the lines of :func:`select`, each with its number in the source.

    The number is 0 for a blank line that stands for something that was dropped.
    """
    lines: list[tuple[str, int]] = []
    owed = 0  # blank lines that have to wait
    for line in scan(text):
        if line.kind == "mark" or lang not in line.languages:
            owed += 1
        else:
            line.block.read_option(line.text)
            if not (line.block.in_options or line.block.verbatim):
                lines += [("", 0)] * owed
                owed = 0
            lines.append((line.text, line.number))
        if line.depth == 0:
            lines += [("", 0)] * owed
            owed = 0
    return lines


def select_comments(code: str, lang: str) -> str:
    """Keep the comments of one language, without their prefix; drop the other's."""
    return _select_lines(code, lang, COMMENT)


def select_output(printed: str, lang: str) -> str:
    """Keep the lines that a cell printed for one language, without their prefix."""
    return _select_lines(printed, lang, OUTPUT)


def _select_lines(text: str, lang: str, pattern: re.Pattern[str]) -> str:
    lines = []
    for line in text.split("\n"):
        prefixed = pattern.fullmatch(line)
        if prefixed is None:
            lines.append(line)
        elif prefixed["lang"] == lang:
            lines.append((prefixed["indent"] + prefixed["text"]).rstrip())
    return "\n".join(lines)


def columns(text: str) -> int:
    """Return the number of columns of a text; a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def language_of(config: Config) -> str:
    """Return "zh" or "en", the language that this build shows.

    Raises:
        ConfigError: If ``language`` in conf.py is another one.
    """
    lang = config.language[:2]
    if lang not in LANGUAGES:
        msg = f"language is {config.language!r} in conf.py, not zh_CN or en"
        raise ConfigError(msg)
    return lang


class SelectInCells(SphinxTransform):
    """Show one language of the comments and of the printed lines of cells."""

    default_priority = 5

    def apply(self, **kwargs: object) -> None:
        """Change every block of code or text output of the page."""
        lang = language_of(self.config)
        for block in list(self.document.findall(nodes.literal_block)):
            choose = select_output if "output" in block["classes"] else select_comments
            text = choose(block.astext(), lang)
            if text.strip() or not block.astext().strip():
                replace_text(block, text)
            else:
                block.parent.remove(block)


def replace_text(block: nodes.literal_block, text: str) -> None:
    """Give a block of code or output another text."""
    block.rawsource = text  # Sphinx colors a block only where this is its text
    block.children = []
    block += nodes.Text(text)


def select_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Reduce a page to one language as soon as Sphinx has read it."""
    lang = language_of(app.config)
    numbers = chapter_numbers(Path(app.srcdir))
    try:
        source[0] = name_chapters(select(source[0], lang), lang, numbers)
    except ValueError as error:
        logger.error("%s", error, location=docname)


def metadata(extension: str) -> ExtensionMetadata:
    """Return what Sphinx wants to know of the extension in the file ``extension``.

    Its version is the source of all extensions: whoever edits one, or a module that it
    uses, or a template, sees every page read again.
    """
    package = Path(nn_book.__file__).parent
    sources = sorted([*package.rglob("*.py"), *package.glob("templates/*")])
    return {
        "version": "1",
        "env_version": zlib.crc32(b"".join(map(Path.read_bytes, sources))),
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.setup_extension("nn_book.patches")
    app.connect("config-inited", lambda app, config: language_of(config))
    app.connect("source-read", select_page)
    app.add_transform(SelectInCells)
    return metadata(__file__)
