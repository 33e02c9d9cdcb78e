"""What the search of the site knows: every section and every term, with its text.

The pages' own script searches (``theme/static/search.js``), since Sphinx's search
finds pages and not sections, and no Chinese at all (sphinx#14229). The book is small
enough for its whole text, which is fetched when a reader begins to search; as a script,
so that a book on a disk can be searched, too.

Besides, a row of a table with an error message and a link says which section explains
that message.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata

# What readers call a thing, and what the book calls it.
SYNONYMS = {
    "批归一化": "批标准化",
    "批量归一化": "批标准化",
    "批量规范化": "批标准化",
    "批规范化": "批标准化",
    "batchnorm": "batch normalization",
    "batch norm": "batch normalization",
    "保存模型": "保存",
    "模型保存": "保存",
    "加载模型": "加载",
    "导数": "梯度",
    "save model": "saving",
    "save a model": "saving",
    "load model": "loading",
    "dying relu": "relu dead",
    "反传": "反向传播",
    "backprop": "backpropagation",
    "误差逆传播": "反向传播",
    "过度拟合": "过拟合",
    "代价函数": "损失函数",
    "目标函数": "损失函数",
    "cost function": "loss function",
    "激励函数": "激活函数",
    "步长": "学习率",
    "step size": "learning rate",
    "state_dict": "state dict",
    "丢弃法": "dropout",
    "暂退法": "dropout",
    "卷积神经网络": "卷积",
    "cnn": "convolution",
    "显卡": "gpu",
    "cuda": "gpu",
    "迭代": "训练循环",
}

# What a reader of a page does not read as its text, and where a part of it begins.
NOT_READ = re.compile(
    r"(?s)<(style|script|svg|button|annotation|nav)\b.*?</\1>"
    r'|<a class="headerlink".*?</a>|<p class="chapter">.*?</p>'
)
TAG = re.compile(
    r'<(?:section|dt)\b[^>]*? id="(?P<id>[^"]+)"[^>]*>|<(?P<open>dt|section)\b[^>]*>'
    r"|<(?P<heading>h[1-6])\b[^>]*>|</(?P<close>section|dt|dd|h[1-6])>|<[^>]*>"
)
ROW = re.compile(r"(?s)<tr\b.*?</tr>")
MESSAGE = re.compile(r"\w+(?:Error|Warning): ")


@dataclass
class Part:
    """A section, a term of the glossary or a name of the reference."""

    anchor: str
    kind: str  # "h1", "h2", ..., "dt", or "message"
    title: str = ""
    text: str = ""


def plain(html: str) -> str:
    """Return the text of some HTML in one line."""
    return " ".join(unescape(re.sub("<[^>]*>", "", html)).split())


def read_parts(body: str) -> list[Part]:
    """Return the parts of a page, each with the text that no smaller part has.

    Args:
        body: The HTML of the text of a page.
    """
    body = NOT_READ.sub("", body)
    parts: list[Part] = []
    sections: list[Part] = []  # those that are open, the innermost one last
    terms: list[Part] = []  # those whose definition is being read
    heading = term = False
    end = 0
    for tag in TAG.finditer(body):
        words = re.sub(r"\s+", " ", unescape(body[end : tag.start()]))
        end = tag.end()
        if words and not heading and not term:
            for part in terms or sections[-1:]:
                part.text += words
        elif words and heading and sections:
            sections[-1].title += words
        elif words and term and terms:
            terms[-1].title += words
        if tag["heading"]:
            heading = True
            if sections and sections[-1].kind == "section":
                sections[-1].kind = tag["heading"]
        elif tag[0].startswith("<section"):
            sections.append(Part(tag["id"] or "", "section"))
            parts.append(sections[-1])
        elif tag[0].startswith("<dt"):
            if tag["id"]:
                terms.append(Part(tag["id"], "dt"))
                parts.append(terms[-1])
                term = True
        elif tag["close"]:
            heading = heading and not tag["close"].startswith("h")
            term = term and tag["close"] != "dt"
            if tag["close"] == "section" and sections:
                sections.pop()
            elif tag["close"] == "dd":
                # A term and its translation: one place, by the name that both have.
                named = [t.anchor for t in terms if not t.anchor[5:].isdigit()]
                for part in terms:
                    part.anchor = named[0] if named else part.anchor
                terms = []
        elif not heading and re.match(r"</?(p|li|div|td|pre|br)\b", tag[0]):
            for part in terms or sections[-1:]:
                part.text += " "
    for part in parts:
        part.title, part.text = (
            " ".join(text.split()) for text in (part.title, part.text)
        )
    return [part for part in parts if part.title]


def messages(body: str) -> Iterator[Part]:
    """Yield the messages in the tables of a page, each with the place it leads to."""
    for row in ROW.findall(body):
        said = [plain(code) for code in re.findall(r"(?s)<code\b.*?</code>", row)]
        link = re.search(r'href="#([^"]+)"', row)
        if said and link and MESSAGE.match(said[0]):
            yield Part(link[1], "message", said[0])


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write all parts of all pages as one script, in the order of the book."""
    if exception is not None or app.builder.name != "html":
        return
    pages = [
        [name, app.env.titles[name].astext()] for name in sorted(app.env.found_docs)
    ]
    entries = []
    for number, (name, _) in enumerate(pages):
        html = Path(app.outdir, f"{name}.html").read_text(encoding="utf8")
        body = html.partition('<article class="bd-article">')[2].partition(
            "</article>"
        )[0]
        for part in [*read_parts(body), *messages(body)]:
            entries.append([number, part.anchor, part.kind, part.title, part.text])
    data = {"pages": pages, "parts": entries, "synonyms": SYNONYMS}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path = Path(app.outdir, "_static", "search-data.js")
    path.write_text(f"search.data = {text};\n", encoding="utf8", newline="\n")


def replace_sphinx_search(app: Sphinx) -> None:
    """Keep Sphinx from writing its own index; the page itself is of our theme."""
    if app.builder.format == "html":
        setattr(app.builder, "search", False)  # noqa: B010  (of these builders only)
        app.config.html_additional_pages.setdefault("search", "search.html")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("builder-inited", replace_sphinx_search)
    app.connect("build-finished", write_data, priority=800)
    return metadata(__file__)
