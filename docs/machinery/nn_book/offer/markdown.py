"""Turn the MyST of one language into the Markdown that a plain notebook shows.

A notebook knows no directives and no roles: a note becomes a quotation, a reference
becomes the words that it stands for, a glued number becomes the number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nn_book.source.bilingual import Line, scan

TITLES = {
    "attention": {"zh": "注意", "en": "Attention"},
    "caution": {"zh": "小心", "en": "Caution"},
    "danger": {"zh": "危险", "en": "Danger"},
    "error": {"zh": "错误", "en": "Error"},
    "hint": {"zh": "提示", "en": "Hint"},
    "important": {"zh": "重要", "en": "Important"},
    "note": {"zh": "注", "en": "Note"},
    "seealso": {"zh": "另见", "en": "See also"},
    "tip": {"zh": "提示", "en": "Tip"},
    "warning": {"zh": "警告", "en": "Warning"},
}
SOLUTION = {"zh": "解答", "en": "Solution"}
PIECE = {
    "zh": "在本书的网页上，这里可以动手操作。",
    "en": "On the web page of the book you can work with it here.",
}
# Boxes whose argument is their title, and frames that only hold other boxes.
TITLED = {"admonition", "card", "dropdown", "grid-item-card", "margin", "sidebar"}
TITLED |= {"tab-item", "topic"}
FRAMES = {"", "grid", "tab-set"}
SITE_ONLY = {"measurement", "raw", "solution-end", "toctree"}
CODE = {"code", "code-block"}

TEXT_ROLES = {"abbr", "guilabel", "sub", "sup", "term"}
CALL_ROLES = {"func", "meth"}
NAME_ROLES = {"attr", "class", "const", "data", "exc", "mod", "obj"}
CODE_ROLES = {"code", "command", "envvar", "file", "kbd", "samp"}

# What is left alone (code, a formula), a role, a link, a footnote: the first counts.
INLINE = re.compile(
    r"\{(?P<role>[a-z][\w:-]*)\}(?P<fence>`+)(?P<content>.+?)(?P=fence)"
    r"|(?P<code>(?P<ticks>`+).+?(?P=ticks)|\$\$.+?\$\$|\$[^$]+\$)"
    r"|(?<!!)\[(?P<text>[^\[\]]*)\]\((?P<href>[^)\s]+)(?: \"[^\"]*\")?\)"
    r"|\[\^(?P<note>[^\]]+)\]",
    re.DOTALL,
)


class PlainError(Exception):
    """Something that has no form in a plain notebook."""


@dataclass
class Plain:
    """The way from MyST to Markdown for one page.

    Args:
        lang: "zh" or "en".
        look_up: Returns the words for a role and its target, such as "Fig. 2" for
            ``("numref", "fig-flower")``; raises KeyError if there are none.
    """

    lang: str
    look_up: Callable[[str, str], str]
    notes: list[str] = field(default_factory=list)  # footnotes, in order

    def blocks(self, text: str) -> str:
        """Return a piece of a page as Markdown.

        Raises:
            PlainError: If a directive or a role has no plain form.
        """
        written: list[str] = []
        free: list[str] = []  # lines outside fences
        fenced: list[Line] = []
        for line in scan(text):
            if fenced:
                fenced.append(line)
                if line.kind == "close" and line.depth == 0:
                    written.append(self.fence(fenced))
                    fenced = []
            elif line.kind == "open":
                written.append(self.lines("\n".join(free)))
                free, fenced = [], [line]
            else:
                free.append(line.text)
        written.append(self.lines("\n".join(free)))
        return "\n\n".join(filter(None, written))

    def lines(self, text: str) -> str:
        """Return lines without fences as Markdown."""
        text = re.sub(r"(?m)^\(.+\)= *$", "", text)  # labels
        text = re.sub(r"(?m)^\$\$ *\([\w-]+\) *$", "$$", text)  # labels of formulas
        text = re.sub(r"(?m)^(\S.*)\n:\s+", r"**\1**: ", text)  # definitions
        return re.sub(r"\n{3,}", "\n\n", self.inline(text)).strip()

    # -- Directives -------------------------------------------------------------

    def fence(self, lines: list[Line]) -> str:
        """Return a directive, or a block of code, as Markdown."""
        opening, *body = [line.text for line in lines[:-1]]
        info = opening.strip().lstrip("`~:").strip()
        directive = re.fullmatch(r"\{([^}]+)\}\s*(.*)", info)
        if directive is None and opening.strip()[0] != ":":
            return "\n".join(line.text for line in lines)
        name, argument = directive.groups() if directive else ("", "")
        options = {}
        while body and (option := re.match(r"\s*:([\w-]+):\s*(.*)", body[0])):
            options[option[1]] = option[2]
            del body[0]
        return self.directive(name, argument, options, "\n".join(body).strip())

    def directive(
        self, name: str, argument: str, options: dict[str, str], body: str
    ) -> str:
        """Return a directive as Markdown."""
        if name in SITE_ONLY:
            return ""
        if name in CODE:
            return f"```{argument}\n{body}\n```"
        if name == "math":
            return f"$$\n{body}\n$$"
        if name == "solution":
            return self.solution(argument)
        if name == "caption":
            return self.caption(self.words("numref", argument), self.blocks(body))
        if name in ("figure", "image"):
            return self.caption(options.get("alt", ""), self.blocks(body))
        if name == "piece":
            title = self.words("doc", f"/pieces/{argument}")
            return quoted(title, f"{self.blocks(body)}\n\n{PIECE[self.lang]}")
        if name == "list-table":
            return self.table(argument, body)
        if name in FRAMES:
            return self.blocks(body)
        if name in TITLES:
            inside = self.blocks(f"{argument}\n{body}".strip())
            return quoted(TITLES[name][self.lang], inside)
        if name in TITLED:
            return quoted(self.inline(argument), self.blocks(body))
        raise PlainError(f"the directive {{{name}}} has no form in a plain notebook")

    def solution(self, number: str) -> str:
        """Return the heading of a solution."""
        return f"#### {SOLUTION[self.lang]} {number}"

    def caption(self, start: str, text: str) -> str:
        """Return a caption in italics, on one line."""
        caption = " ".join(f"{start} {text}".split())
        return caption if "*" in caption else f"*{caption}*"

    def table(self, title: str, body: str) -> str:
        """Return a list-table, whose first row becomes the header, as Markdown."""
        rows = []
        for row in re.split(r"(?m)^\* ", body)[1:]:
            cells = re.split(r"(?m)^ *- ", row)[1:]
            rows.append([" ".join(self.inline(cell).split()) for cell in cells])
        rows.insert(1, ["---"] * len(rows[0]))
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return f"**{self.inline(title)}**\n\n" + "\n".join(lines)

    # -- Inside a sentence --------------------------------------------------------

    def inline(self, text: str) -> str:
        """Replace roles, links inside the book and footnotes by what they show."""
        return INLINE.sub(self._inline, text)

    def _inline(self, found: re.Match[str]) -> str:
        if found["role"]:
            return self.role(found["role"], found["content"])
        if found["href"]:
            return self.link(self.inline(found["text"]), found["href"], found[0])
        if found["note"]:
            if found["note"] not in self.notes:
                self.notes.append(found["note"])
            return f"[{self.notes.index(found['note']) + 1}]"
        return found[0]

    def link(self, text: str, href: str, whole: str) -> str:
        """Return a link to another site as it is, a link inside the book as words."""
        if re.match(r"https?:|mailto:", href):
            return whole
        page, _, label = href.partition("#")
        if text:
            return text
        kind = "ref" if label else "doc"
        return self.words(kind, label or page.removesuffix(".md"))

    def role(self, name: str, content: str) -> str:
        """Return a role as Markdown."""
        kind = name.rpartition(":")[2] if name.startswith("py:") else name
        titled = re.fullmatch(r"(?s)(.+?)\s*<(.+)>", content)
        title, target = titled.groups() if titled else ("", content)
        if kind == "math":
            return f"${content}$"
        if kind.startswith("glue"):
            return self.words(kind, content)
        if title and kind == "numref" and "%s" in title:
            number = re.search(r"\d+(\.\d+)*", self.words(kind, target))
            return title.replace("%s", number[0] if number else "")
        if title:
            return title
        if kind in TEXT_ROLES:
            return content
        if kind in CODE_ROLES:
            return f"`{content}`"
        if kind in CALL_ROLES | NAME_ROLES:
            short = target.rpartition(".")[2] if target.startswith("~") else target
            call = "()" if kind in CALL_ROLES else ""
            return f"`{short.lstrip('~').removesuffix('()')}{call}`"
        return self.words(kind, target)

    def words(self, kind: str, target: str) -> str:
        """Return what the site shows for a reference.

        Raises:
            PlainError: If nothing is known about it.
        """
        try:
            return self.look_up(kind, target)
        except KeyError:
            raise PlainError(f"{{{kind}}}`{target}` cannot be resolved") from None


def quoted(title: str, body: str) -> str:
    """Return a box as a quotation."""
    lines = [f"**{title}**", "", *body.split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)
