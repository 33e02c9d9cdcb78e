"""Turn the MyST of one language into the Markdown that a plain notebook shows.

markdown-it reads the page, as MyST does, and mdformat writes it. A notebook knows no
directives and no roles: a note becomes a quotation, a reference becomes the words that
it stands for, a glued number becomes the number.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mdformat.renderer import DEFAULT_RENDERERS, MDRenderer
from mdformat.renderer import RenderContext as Context
from mdformat.renderer import RenderTreeNode as Node
from sphinx.locale import admonitionlabels

from nn_book.offer import OfferError
from nn_book.source.reader import PARSER, directive_of, options_of

SOLUTION = {"zh": "解答", "en": "Solution"}
DEMO = {
    "zh": "在本书的网页上，这里可以动手操作。",
    "en": "On the web page of the book you can work with it here.",
}
SITE_ONLY = {"measurement", "raw", "toctree"}
TEXT_ROLES = {"abbr", "term"}
CALL_ROLES = {"func", "meth"}
NAME_ROLES = {"attr", "class", "data", "exc", "mod", "obj"}


@dataclass(frozen=True)
class MarkdownWriter:
    """The way from MyST to Markdown for one page.

    Args:
        lang: "zh" or "en".
        look_up: Returns the words for a role and its target, such as "Fig. 2" for
            ``("numref", "fig-flower")``; raises KeyError if there are none.
    """

    lang: str
    look_up: Callable[[str, str], str]

    def write(self, text: str) -> str:
        """Return a part of a page as Markdown.

        Raises:
            OfferError: If a directive, a role or a mark has no plain form.
        """
        env: dict[str, object] = {}
        # A paragraph is one line here: who shows it, or writes a script, wraps it.
        style = {"number": True, "wrap": "no"}
        options = {"parser_extension": [self], "mdformat": style}
        try:
            return MDRenderer().render(PARSER.parse(text, env), options, env).strip()
        except KeyError as error:  # mdformat has no renderer for it, nor have we
            raise OfferError(f"{error} has no form in a plain notebook") from None

    @property
    def RENDERERS(self) -> Mapping[str, Callable[[Node, Context], str]]:  # noqa: N802
        """How mdformat writes what CommonMark does not have, or we want otherwise."""
        return {
            "colon_fence": self._fence,
            "fence": self._fence,
            "link": self._link,
            "math_block": lambda node, context: f"$${node.content}$$",
            "math_block_label": lambda node, context: f"$${node.content}$$",
            "math_inline": lambda node, context: f"${node.content}$",
            "myst_line_comment": lambda node, context: "",
            "myst_role": self._role,
            "myst_target": lambda node, context: "",
            "table": self._table,
        }

    # -- Blocks -----------------------------------------------------------------

    def _fence(self, node: Node, context: Context) -> str:
        """Write a directive, or a block of code."""
        name, argument = directive_of(node.info)
        if not name:
            return DEFAULT_RENDERERS["fence"](node, context)
        body = "\n".join(options_of(node.content.split("\n"))[1]).strip()
        if name in SITE_ONLY:
            return ""
        if name == "math":
            return f"$$\n{body}\n$$"
        if name == "caption":
            text = f"{self.words('numref', argument)} {self.write(body)}"
            caption = " ".join(text.split())
            return caption if "*" in caption else f"*{caption}*"
        if name == "piece":
            title = self.words("doc", f"/pieces/{argument}")
            return quoted(title, f"{self.write(body)}\n\n{DEMO[self.lang]}")
        if name in admonitionlabels:
            inside = self.write(f"{argument}\n{body}".strip())
            return quoted(str(admonitionlabels[name]), inside)
        raise OfferError(f"the directive {{{name}}} has no form in a plain notebook")

    def _table(self, node: Node, context: Context) -> str:
        """Write a table; mdformat leaves that to a plugin for its older versions."""
        rows = [
            [cell.children[0].render(context) for cell in row.children]
            for row in node.walk()
            if row.type == "tr"
        ]
        rows.insert(1, ["---"] * len(rows[0]))
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    # -- Inside a sentence --------------------------------------------------------

    def _link(self, node: Node, context: Context) -> str:
        """Write a link to another site as it is, a link inside the book as words."""
        href = str(node.attrs["href"])
        if re.match(r"https?:|mailto:", href):
            return DEFAULT_RENDERERS["link"](node, context)
        text = "".join(child.render(context) for child in node.children)
        page, _, label = href.partition("#")
        kind, target = ("ref", label) if label else ("doc", page.removesuffix(".md"))
        return text or self.words(kind, target)

    def _role(self, node: Node, context: Context) -> str:
        """Write a role."""
        name = node.meta["name"].removeprefix("py:")
        titled = re.fullmatch(r"(?s)(.+?)\s*<(.+)>", node.content)
        title, target = titled.groups() if titled else ("", node.content)
        if name == "math":
            return f"${node.content}$"
        if name.startswith("glue"):
            return self.words(name, node.content)
        if title or name in TEXT_ROLES:
            return title or target
        if name in CALL_ROLES | NAME_ROLES:
            short = target.rpartition(".")[2] if target.startswith("~") else target
            call = "()" if name in CALL_ROLES else ""
            return f"`{short.lstrip('~').removesuffix('()')}{call}`"
        return self.words(name, target)

    def words(self, kind: str, target: str) -> str:
        """Return what the site shows for a reference.

        Raises:
            OfferError: If nothing is known about it.
        """
        try:
            return self.look_up(kind, target)
        except KeyError:
            raise OfferError(f"{{{kind}}}`{target}` cannot be resolved") from None


def quoted(title: str, body: str) -> str:
    """Return a box as a quotation."""
    lines = [f"**{title}**", "", *body.split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def solutions(text: str) -> Iterator[tuple[str, str, str]]:
    """Cut a text where solutions begin and end.

    Yields:
        What stands at the cut ("solution", "solution-end", or "" at the start), the
        number of the solution, and the text up to the next cut.
    """
    lines = text.split("\n")
    name, number, start = "", "", 0
    for token in PARSER.parse(text):
        mark, argument = directive_of(token.info)
        if mark in ("solution", "solution-end") and token.map and not token.level:
            yield name, number, "\n".join(lines[start : token.map[0]])
            name, number, start = mark, argument, token.map[1]
    yield name, number, "\n".join(lines[start:])
