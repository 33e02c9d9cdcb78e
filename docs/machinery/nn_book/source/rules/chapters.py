"""Rules for the build of a page, and for its code."""

import ast
import re
from collections.abc import Iterator

from nn_book.source.bilingual import COMMENT, LANGUAGES, columns
from nn_book.source.course import NAMED, NEEDS
from nn_book.source.reader import Page, Prose
from nn_book.source.rules import NAMES, Problem, Rule


def heading_without_label(page: Page) -> Iterator[Problem]:
    """A link to a heading must survive a change of its words."""
    for line, _ in page.readings["zh"].headings:
        above = [
            entry
            for entry in page.lines[: line - 1]
            if entry.kind != "mark" and "zh" in entry.languages and entry.text.strip()
        ]
        label = above and re.fullmatch(r"\(.+\)=\s*", above[-1].text)
        if not label or above[-1].languages != LANGUAGES:
            yield Problem(line, "a heading without (label)= above it, in '% all'")


def long_line(page: Page) -> Iterator[Problem]:
    """Code of a chapter fits a tablet."""
    for cell in page.cells:
        for number, text in cell.lines:
            comment = COMMENT.fullmatch(text)
            shown = comment["indent"] + comment["text"] if comment else text
            if page.chapter and not cell.hidden and columns(shown) > 72:
                yield Problem(number, f"{columns(shown)} columns of code, 72 fit")


def no_provenance(page: Page) -> Iterator[Problem]:
    """A chapter ends with what the run says of itself."""
    if not page.chapter or not page.cells:
        return
    last = page.cells[-1]
    nodes = ast.walk(last.tree) if last.tree else []
    called = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    if "provenance" not in [name.split(".")[-1] for name in called]:
        yield Problem(last.line, "the last code cell of a chapter calls provenance()")


def no_prerequisites(page: Page) -> Iterator[Problem]:
    """A reader learns at the head of a chapter what to read before it."""
    number = page.order.get(page.name.removeprefix("chapters/").removesuffix(".md"))
    if number is None:
        return
    for lang in LANGUAGES:
        head = [prose for prose in page.readings[lang].prose if prose.section == 1]
        needs = [prose for prose in head if NEEDS[lang].match(joined(prose))]
        if not needs:
            message = (
                f"the head of the {NAMES[lang]} chapter says not what to read first"
            )
            yield Problem(page.readings[lang].headings[0][0], message)
        for prose in needs:
            source = " ".join(page.lines[line - 1].text for line, _ in prose.lines)
            # The first sentence: later ones may point forward.
            first = re.split(r"[。；.]", source)[0]
            for named in NAMED.finditer(first):
                if page.order.get(named["slug"], number) >= number:
                    message = f"{named[0]} does not come before this chapter"
                    yield Problem(prose.lines[0][0], message)


def needs_hidden_cell(page: Page) -> Iterator[Problem]:
    """Hidden cells are not in the downloads: what is shown must run without them."""
    hidden: dict[str, int] = {}  # name -> line of the hidden cell that defines it
    shown: set[str] = set()
    for cell in page.cells:
        for statement in cell.statements:
            if cell.hidden:
                known = shown if statement.imports else set()
                hidden |= dict.fromkeys(statement.defined - known, cell.line)
                continue
            for name in sorted(statement.used & hidden.keys()):
                message = f"{name} comes from the hidden cell in line {hidden[name]}"
                yield Problem(statement.line, message)
            shown |= statement.used | statement.defined
            hidden = {name: hidden[name] for name in hidden.keys() - shown}


def notebook_only(page: Page) -> Iterator[Problem]:
    """A script knows neither the notebook nor the tool that builds the book."""
    for cell in page.cells:
        defined: set[str] = set()
        for statement in cell.statements:
            defined |= statement.defined
            for name in sorted(statement.used & {"display", "get_ipython"} - defined):
                if not cell.hidden:
                    yield Problem(statement.line, f"only a notebook has {name}()")
        for number, text in cell.lines:
            found = re.match(r"\s*(?:import|from) (myst_nb|IPython)\b", text)
            if found and not cell.hidden:
                yield Problem(number, f"only hidden cells use {found[1]}")


RULES: tuple[Rule, ...] = (
    heading_without_label,
    long_line,
    no_provenance,
    no_prerequisites,
    needs_hidden_cell,
    notebook_only,
)


# -- What they share ------------------------------------------------------------


def joined(prose: Prose) -> str:
    """Return a paragraph as one line."""
    return " ".join(text for _, text in prose.lines)
