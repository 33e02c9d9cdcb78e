"""Two directives that belong to code cells: a caption, and a solution to fold away.

A figure is what the cell above drew; the directive gives it a number, a text for those
who cannot see it, and a caption:

    ```{code-cell}
    plt.plot(losses)
    ```
    ```{caption} fig-loss
    :alt: A curve that falls steeply, then levels off.

    The loss over 100 steps. It ends at {glue:text}`final_loss:.3f`.
    ```

Refer to it by its name. An output in HTML (a slider, say) is taken as well.

A solution is everything between two directives, with its executed cells. It is a
native ``<details>``, which opens without a script, from the keyboard and for a search:

    ```{solution} logistic-1
    ```
    Text and code cells ...
    ```{solution-end}
    ```

The directives only leave a note of what is wanted: the cell itself is no directive, so
what stands beside it is known when the whole page has been read.

A cell that is meant to fail (``:tags: [raises-exception]``) shows its traceback without
the inside of libraries and without the paths of the machine that built the book.
"""

import re
from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from nn_book.source.bilingual import (
    COMMENT,
    language_of,
    metadata,
    replace_text,
    select_comments,
)

logger = logging.getLogger(__name__)

SOLUTION = {"zh": "解答", "en": "Solution"}


class SolutionStart(nodes.General, nodes.Element):
    """Note where the solution of exercise ``number`` starts."""


class SolutionEnd(nodes.General, nodes.Element):
    """Note where a solution ends."""


class Solution(nodes.General, nodes.Element):
    """What stood between start and end, under a summary."""


# -- Captions -------------------------------------------------------------------


class Caption(SphinxDirective):
    """``{caption} name``: make a figure of what the cell above drew."""

    required_arguments = 1
    option_spec = {"alt": directives.unchanged_required}  # noqa: RUF012
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a figure that has a caption and waits for its picture.

        Raises:
            DirectiveError: If the alt text or the caption is missing.
        """
        name = self.arguments[0]
        if "alt" not in self.options:
            raise self.error(f"caption {name}: say in :alt: what the picture shows")
        first, *rest = self.parse_content_to_nodes() or [nodes.Text("")]
        if not isinstance(first, nodes.paragraph):
            raise self.error(f"caption {name}: write the caption below the options")
        figure = nodes.figure(alt=self.options["alt"], waiting=True)
        figure += nodes.caption("", "", *first.children)
        if rest:
            figure += nodes.legend("", *rest)
        self.set_source_info(figure)
        self.options["name"] = name
        self.add_name(figure)
        return [figure]


class FillFigures(SphinxTransform):
    """Move the picture of the cell above into each captioned figure."""

    default_priority = 200

    def apply(self, **kwargs: object) -> None:
        """Fill the figures that ``{caption}`` left, or say why it cannot be done."""
        for figure in list(self.document.findall(nodes.figure)):
            if figure.attributes.pop("waiting", False):
                self.fill(figure)

    def fill(self, figure: nodes.figure) -> None:
        """Give one figure its picture."""
        name = " ".join(figure["names"])
        try:
            box = take_picture(figure, figure["alt"])
        except ValueError as error:
            logger.error("caption %s: %s", name, error, location=figure)
            return
        del figure["alt"]
        figure.insert(0, box)


def take_picture(node: nodes.Element, alt: str) -> nodes.container:
    """Take the pictures out of the cell above ``node``, described by ``alt``.

    Returns:
        A box with the pictures.

    Raises:
        ValueError: If no cell stands there, or it shows no picture and no HTML.
    """
    cell = _element_before(node)
    if cell is None or not _is_part(cell, "cell_code"):
        raise ValueError("no code cell above it")
    box = nodes.container("", classes=["cell_output"])
    for part in list(cell.findall(nodes.container)):
        if _is_part(part, "cell_code_output"):
            pictures = [output for output in part.children if _is_picture(output)]
            for picture in pictures:
                part.remove(picture)
                box += picture
            if not part.children:
                cell.remove(part)
    if not box.children:
        raise ValueError("the cell above has no picture and no HTML output")
    if not cell.children:
        cell.parent.remove(cell)
    return _described(box, alt)


def _element_before(node: nodes.Element) -> nodes.Element | None:
    """Return the sibling before ``node``, past what leaves nothing on the page."""
    unseen = (nodes.comment, nodes.target)
    for sibling in reversed(node.parent.children[: node.parent.index(node)]):
        if isinstance(sibling, nodes.Element) and not isinstance(sibling, unseen):
            return sibling
    return None


def _is_part(node: nodes.Node | None, kind: str) -> bool:
    """Whether MyST-NB made this container as the given part of a cell."""
    return isinstance(node, nodes.container) and node.get("nb_element") == kind


def _is_picture(output: nodes.Node) -> bool:
    """Whether an output can be shown as an image or as HTML."""
    kinds = [part.get("mime_type", "") for part in output.findall(nodes.container)]
    return any(kind == "text/html" or kind.startswith("image/") for kind in kinds)


def _described(box: nodes.container, alt: str) -> nodes.container:
    """Say ``alt`` of every image in the box, or of the box if it holds no image."""
    images = list(box.findall(nodes.image))
    for image in images:
        image["alt"] = alt
    if not images:
        label = f'<div role="group" aria-label="{escape(alt)}">'
        box.insert(0, nodes.raw("", label, format="html"))
        box += nodes.raw("", "</div>", format="html")
    return box


# -- Solutions ------------------------------------------------------------------


class SolutionDirective(SphinxDirective):
    """``{solution} logistic-1``: fold away what follows, up to ``{solution-end}``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a note of where the solution starts."""
        start = SolutionStart(number=self.arguments[0])
        self.set_source_info(start)
        return [start]


class SolutionEndDirective(SphinxDirective):
    """``{solution-end}``: the end of what ``{solution}`` folds away."""

    def run(self) -> list[nodes.Node]:
        """Return a note of where the solution ends."""
        end = SolutionEnd()
        self.set_source_info(end)
        return [end]


class FoldSolutions(SphinxTransform):
    """Put what stands between the two notes of each solution under one summary."""

    default_priority = 210  # after the captions, which look at the cell above them

    def apply(self, **kwargs: object) -> None:
        """Fold every solution of the page, or say why it cannot be done."""
        for start in list(self.document.findall(SolutionStart)):
            self.fold(start)
        for end in list(self.document.findall(SolutionEnd)):
            logger.error("solution-end: no solution is open here", location=end)
            end.parent.remove(end)

    def fold(self, start: SolutionStart) -> None:
        """Fold one solution."""
        section = start.parent
        after = section.children[section.index(start) + 1 :]
        marks = (SolutionStart, SolutionEnd)
        stop = next((node for node in after if isinstance(node, marks)), None)
        if not isinstance(stop, SolutionEnd):
            message = "solution %s: no solution-end before the next heading or solution"
            logger.error(message, start["number"], location=start)
            section.remove(start)
            return
        solution = Solution(number=start["number"])
        solution["summary"] = f"{SOLUTION[language_of(self.config)]} {start['number']}"
        solution["classes"].append("solution")
        solution["names"].append(f"solution-{start['number']}")
        solution.source, solution.line = start.source, start.line
        self.document.note_explicit_target(solution, solution)
        for node in after[: after.index(stop)]:
            section.remove(node)
            solution += node
        section.remove(stop)
        section.replace(start, solution)


def visit_solution(translator: HTML5Translator, node: Solution) -> None:
    """Open the HTML of a solution."""
    translator.body.append(translator.starttag(node, "details"))
    translator.body.append(f"<summary>{escape(node['summary'])}</summary>\n")


def depart_solution(translator: HTML5Translator, node: Solution) -> None:
    """Close the HTML of a solution."""
    translator.body.append("</details>\n")


# -- Tracebacks -----------------------------------------------------------------

IN_CELL = re.compile(r"(?P<head>\s*Cell In\[(?P<count>\d+)\], line )(?P<number>\d+)")
IN_FILE = re.compile(r"File (?P<path>.+?)(?P<rest>:\d+, in .*)")
QUOTED = re.compile(r"(?P<arrow>-*>?) *(?P<number>\d+)(?: (?P<code>.*))?")
LEFT_OUT = "   (...)"  # lines that IPython does not quote; stands before the next one


class TidyTracebacks(SphinxTransform):
    """Shorten the tracebacks of cells that are meant to fail."""

    default_priority = 4  # before the comments of the other language go

    def apply(self, **kwargs: object) -> None:
        """Change every traceback of the page."""
        cells = {
            source.parent["exec_count"]: source.astext()
            for source in self.document.findall(nodes.container)
            if _is_part(source, "cell_code_source")
        }
        for block in self.document.findall(nodes.literal_block):
            if "traceback" in block["classes"]:
                tidy = tidy_traceback(block.astext(), cells, language_of(self.config))
                replace_text(block, tidy)
                # The message of an error is prose, at which the highlighter stumbles.
                block["force"] = True


def tidy_traceback(traceback: str, cells: dict[int, str], lang: str) -> str:
    """Return what IPython printed, shortened to what helps a reader.

    Of a library remains the line that was running. The code of the page is quoted and
    numbered as the reader sees it, with the comments of one language.

    Args:
        traceback: The text of a traceback, without colors.
        cells: The source of each cell, by its execution count.
        lang: "zh" or "en".
    """
    lines: list[str] = []
    hidden: list[int] | None = None  # lines that are not shown; None in a library
    for whole_line in traceback.split("\n"):
        line = whole_line.removeprefix(LEFT_OUT)
        if line != whole_line and hidden is not None:
            lines.append(LEFT_OUT)
        if found := IN_CELL.match(line):
            hidden = _hidden_lines(cells.get(int(found["count"]), ""), lang)
            number = _shown_number(int(found["number"]), hidden)
            lines.append(f"{found['head']}{number}{line[found.end() :]}")
        elif found := IN_FILE.fullmatch(line):
            hidden = None
            lines.append(f"File {_short_path(found['path'])}{found['rest']}")
        elif found := QUOTED.fullmatch(line):
            lines += _quote(found, hidden, lang)
        else:
            lines.append(line)
    return "\n".join(lines)


def _hidden_lines(source: str, lang: str) -> list[int]:
    """Return the numbers of the lines that are comments in the other language."""
    comments = [COMMENT.fullmatch(line) for line in source.split("\n")]
    return [n for n, found in enumerate(comments, 1) if found and found["lang"] != lang]


def _shown_number(number: int, hidden: list[int]) -> int:
    return number - sum(line < number for line in hidden)


def _short_path(path: str) -> str:
    """Return a path as seen from the folder of the libraries, or its last two parts."""
    inside = re.sub(r".*(site-packages|python3\.\d+)[/\\]", "", path)
    parts = re.split(r"[/\\]", inside)
    return "/".join(parts if inside != path else parts[-2:])


def _quote(found: re.Match[str], hidden: list[int] | None, lang: str) -> list[str]:
    """Return a line of quoted code as the reader sees it, or nothing."""
    number = int(found["number"])
    if hidden is None:
        return [found[0]] if found["arrow"] else []
    if number in hidden:
        return []
    label = str(_shown_number(number, hidden))
    if found["arrow"]:
        label = f"{'-' * (5 - len(label))}> {label}"
    return [f"{label:>7} {select_comments(found['code'] or '', lang)}".rstrip()]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_directive("caption", Caption)
    app.add_directive("solution", SolutionDirective)
    app.add_directive("solution-end", SolutionEndDirective)
    app.add_node(Solution, html=(visit_solution, depart_solution))
    app.add_transform(TidyTracebacks)
    app.add_transform(FillFigures)
    app.add_transform(FoldSolutions)
    return metadata(__file__)
