"""One style sheet and one script for all pages: what is used of the theme's, and ours.

The theme sends every rule of Bootstrap and every icon of Font Awesome, 960 kB over
gzip. After the pages are written, the rules that nothing on them can match are left
out, and so are custom properties without a use. A rule stays if every class and id
that it asks for is a word of a page or of a script: scripts may put a class on later.
The icons that the pages name are drawn by masks. Bootstrap's script has no use here,
see the components of the theme.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import tinycss2
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.render.cached_text import cached_text
from nn_book.source.bilingual import metadata

SHEETS = (
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "frame.css",
)
SCRIPTS = ("scripts/sphinx-book-theme.js", "scripts/pydata-sphinx-theme.js", "frame.js")
ICONS = "scripts/fontawesome.js"  # every icon of the theme, by its name
DEMOS = "pieces/*.js"  # put together by nn_book.render.bundle
MADE = ("book.css", "book.js", "search.js", "search-data.js")
NAME = re.compile(r"-?[A-Za-z_][\w-]*")
ICON = re.compile(r"\bfa-(?:solid|brands|regular) fa-([\w-]+)")
MASK = (
    '[class*="fa-"]{display:inline-block;width:1em;height:1em;vertical-align:-.125em;'
    "background:currentColor;mask:var(--icon) center/contain no-repeat}"
)


class WeightError(Exception):
    """The theme is not as expected: something that the pages need is not in it."""


def words_of(pages: list[str], scripts: list[str]) -> set[str]:
    """Return every name that a page or a script may give to an element."""
    attributes = re.findall(r'(?:class|id)="([^"]*)"', "\n".join(pages))
    inline = re.findall(r"(?s)<script>(.*?)</script>", "\n".join(pages))
    words = {word for value in attributes for word in value.split()}
    return words.union(*(NAME.findall(text) for text in [*scripts, *inline]))


def needed(tokens: list[tinycss2.ast.Node]) -> Iterator[str]:
    """Yield the classes and ids that a selector asks for, and not what it excludes."""
    before = None
    for token in tokens:
        if token.type == "hash" or (token.type == "ident" and before == "."):
            yield token.value
        before = getattr(token, "value", None) if token.type == "literal" else None


def selectors(prelude: list[tinycss2.ast.Node]) -> Iterator[list[tinycss2.ast.Node]]:
    """Yield the selectors of a list, which commas separate."""
    selector: list[tinycss2.ast.Node] = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def purge(rules: list[tinycss2.ast.Node], words: set[str]) -> str:
    """Return the rules that can match an element with a name among the words."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            found = [
                tinycss2.serialize(selector).strip()
                for selector in selectors(rule.prelude)
                if words.issuperset(asked := set(needed(selector)))
                and not any(re.match(r"fa[bsr]?(-|$)", name) for name in asked)
            ]
            if found:
                kept.append(
                    f"{','.join(found)}{{{tinycss2.serialize(rule.content).strip()}}}"
                )
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = purge(tinycss2.parse_blocks_contents(rule.content), words)
            if inner:
                prelude = tinycss2.serialize(rule.prelude)
                kept.append(f"@{rule.at_keyword}{prelude}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "font-face":
            kept.append(rule.serialize())
    return "".join(kept)


def without_unused_properties(css: str, other: str) -> str:
    """Return a style sheet without the custom properties that nothing reads.

    Args:
        css: The style sheet.
        other: Pages and scripts, which may read properties, too.
    """
    value = r"""\s*:(?:"[^"]*"|[^;{}"])*(?:;|(?=}))"""  # a picture in it may have a ";"
    declaration = re.compile(rf"(?<=[{{;])\s*(--[\w-]+){value}")
    read = set(re.findall(r"--[\w-]+", other))
    while True:
        used = read.union(re.findall(r"var\(\s*(--[\w-]+)", css))
        unused = set(declaration.findall(css)) - used
        if not unused:
            return re.sub(r"[^{}]+{\s*}", "", css)
        names = "|".join(map(re.escape, unused))
        css = re.sub(rf"(?<=[{{;])\s*(?:{names}){value}", "", css)


def icons(pages: list[str], source: str) -> str:
    """Return the rules that draw the icons of the pages.

    Args:
        pages: The HTML of the pages.
        source: The theme's script, which has the outline of every icon.

    Raises:
        WeightError: If an icon is not among them.
    """
    rules = [MASK]
    for name in sorted(set(ICON.findall("\n".join(pages)))):
        outline = r'\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"\]'
        found = re.search(rf'[,{{]"?{re.escape(name)}"?:{outline}', source)
        if not found:
            raise WeightError(f"the theme has no icon {name!r}")
        width, height, path = found.groups()
        svg = (
            f"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'"
        )
        url = f"data:image/svg+xml,{svg}%3E%3Cpath d='{path}'/%3E%3C/svg%3E"
        rules.append(f'.fa-{name}{{--icon:url("{url}")}}')
    return "".join(rules)


def make_light(app: Sphinx, exception: Exception | None) -> None:
    """Write the style sheet and the script, and remove what they were made of."""
    if exception is not None or app.builder.name != "html":
        return
    out, static = Path(app.outdir), Path(app.outdir, "_static")
    own = [Path(app.confdir, folder) for folder in app.config.html_static_path]
    pages = [path.read_text(encoding="utf8") for path in sorted(out.rglob("*.html"))]
    scripts = [static / name for name in (*SCRIPTS, "search.js")]
    scripts += [path for folder in own for path in sorted(folder.rglob("*.js"))]
    demos = sorted(static.glob(DEMOS))  # but not what is all numbers
    scripts += [path for path in demos if not re.search("weights|data", path.name)]
    texts = [path.read_text(encoding="utf8") for path in scripts]

    words = words_of(pages, texts)
    sheets = [(static / name).read_text("utf8") for name in SHEETS]
    made_from = [Path(__file__).read_text("utf8"), *sorted(words), *sheets]
    css = cached_text(
        app,
        "styles",
        made_from,
        lambda: "".join(purge(tinycss2.parse_stylesheet(s), words) for s in sheets),
    )
    css = without_unused_properties(css, "\n".join(pages + texts))
    css += icons(pages, (static / ICONS).read_text(encoding="utf8"))
    js = "\n".join(texts[: len(SCRIPTS)])
    js = re.sub(r"(?m)^\s*//.*\n", "", js)  # comments, and links to source maps
    for name, text in (("book.css", css), ("book.js", js)):
        (static / name).write_text(text, encoding="utf8", newline="\n")

    for path in [path for path in static.rglob("*") if path.is_file()]:
        place = path.relative_to(static)
        if (
            place.as_posix() not in MADE
            and not place.match(DEMOS)
            and not any((f / place).exists() for f in own)
        ):
            path.unlink()
    for folder in sorted((p for p in static.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("build-finished", make_light, priority=900)
    return metadata(__file__)
