"""Search in Chinese and English, mixed, on the pages of both languages.

A run of Chinese characters is indexed as its characters and its pairs of characters;
a query is cut into pairs (a single character stays one). So a query finds every page
with that text, whatever a dictionary calls a word, and index and query always agree.
Sphinx's own Chinese search is dead (sphinx#14229), and jieba misses technical terms.

Who pastes a message into the search, as a whole line, is led to the section that
explains it: a table row with a message and a link says which section that is. What
stands around the message (a path, a line number, the second half of it) and other names
in it do no harm.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import metadata

HAN = "[\u3400-\u9fff]+"
WORD = "[A-Za-z0-9_\u00c0-\u024f]{2,}"  # a letter alone finds everything
MESSAGE = re.compile(r"\w+(?:Error|Warning): ")

SPLIT_QUERY = f"""
function splitQuery(query) {{
  const terms = query.match(/{WORD}/g) ?? [];
  for (const run of query.match(/{HAN}/g) ?? [])
    for (let i = 0; i < Math.max(1, run.length - 1); i++)
      terms.push(run.slice(i, i + 2));
  return terms;
}}
"""

# searchtools.js takes words of one or two letters as optional as soon as a query has
# a longer one, and a pair of Chinese characters is two "letters". Here a page must
# have every term of the query, and the more weight its terms have the higher it stands.
# Only if no page has every word of a long line, say of a message with somebody's file
# names in it, are those shown that have most.
REQUIRE_EVERY_TERM = """
const performOneTerm = Search.performTermsSearch;
Search.performTermsSearch = (terms, excluded) => {
  const found = [...terms].map((term) => performOneTerm(new Set([term]), excluded));
  const scores = found.map((results) => new Map(results.map((r) => [r[0], r[4]])));
  const pages = [...new Map(found.flat().map((r) => [r[0], r])).values()].map((r) => {
    const of = scores.map((score) => score.get(r[0])).filter((score) => score);
    return [of.length, r.with(4, of.reduce((sum, score) => sum + score, 0))];
  });
  const isLong = [...terms].filter((term) => /^[a-z]/.test(term)).length > 4;
  const most = Math.max(0.7 * terms.size, ...pages.map(([count]) => count));
  const needed = isLong ? most : terms.size;
  return pages.filter(([count]) => count >= needed).map(([, result]) => result);
};
"""

# The entries of the index that are messages, compared with the query word by word: an
# entry is meant if the query has most of its words, and among several the one that has
# most. The last results are shown first.
FIND_MESSAGES = """
const wordsOf = (text) => text.toLowerCase().match(/[a-z0-9_]+/g) ?? [];
const performSearch = Search._performSearch;
Search._performSearch = (query, ...terms) => {
  const { docnames, filenames, titles, alltitles, indexentries } = Search._index;
  const asked = new Set(wordsOf(query));
  const shares = Object.keys(indexentries)
    .filter((entry) => /^\\w+(error|warning): /.test(entry))
    .map((entry) => {
      const words = wordsOf(entry);
      return [entry, words.filter((word) => asked.has(word)).length / words.length];
    });
  const best = Math.max(0.7, ...shares.map(([entry, share]) => share));
  const meant = shares
    .filter(([entry, share]) => share === best)
    .flatMap(([entry]) => indexentries[entry])
    .map(([file, id]) => {
      const at = ([title, places]) => places.some((p) => p[0] === file && p[1] === id);
      const title = Object.entries(alltitles).find(at)?.[0];
      return [
        docnames[file], title ? `${titles[file]} > ${title}` : titles[file], "#" + id,
        null, 100, filenames[file], SearchResultKind.index,
      ];
    });
  const isMeant = (r) => meant.some((m) => m[0] === r[0] && m[2] === r[2]);
  const others = performSearch(query, ...terms).filter((r) => !isMeant(r));
  return [...others, ...meant.reverse()];
};
"""


# searchtools.js fetches every page that it found, to show some of its text, which a
# browser refuses to a book on a disk. Here the text of a page is a small script beside
# it (see `write_text`). The context is that of the whole query, or else of the
# first of its words that the page has.
SHOW_CONTEXT = """
Search.texts = {};
window.fetch = (address) => new Promise((resolve) => {
  const page = address.slice(document.documentElement.dataset.content_root.length, -5);
  const script = document.createElement("script");
  script.src = `_text/${page}.js`;
  script.onload = script.onerror = () => resolve({ text: () => page });
  document.head.append(script);
});
Search.makeSearchSummary = (page, terms, anchor) => {
  const { text, places } = Search.texts[page] ?? { text: "", places: {} };
  const [start, end] = places[anchor.slice(1)] ?? [0, text.length];
  const lower = text.slice(start, end).toLowerCase();
  const query = new URLSearchParams(location.search).get("q").trim().toLowerCase();
  const parts = [query, ...query.split(/\\s+/), ...terms];
  const found = parts.map((part) => lower.indexOf(part)).find((at) => at >= 0) ?? 0;
  const from = start + Math.max(found - 60, 0);
  const to = Math.min(from + 200, end);
  const summary = document.createElement("p");
  summary.className = "context";
  summary.textContent =
    (from > start ? "…" : "") + text.slice(from, to).trim() + (to < end ? "…" : "");
  return summary;
};
"""

# What a reader of a page does not read as its text, and where a part of it begins.
NOT_READ = re.compile(
    r'(?s)<(style|script|svg|button|annotation)\b.*?</\1>|<a class="headerlink".*?</a>'
)
PART = re.compile(r'<(section|dt)\b[^>]*? id="([^"]+)"[^>]*>|</(section|dd)>|<[^>]*>')


def read_parts(body: str) -> tuple[str, dict[str, tuple[int, int]]]:
    """Return the text of a page, and where in it each part stands.

    Parts are the sections, and the entries of a list of definitions, by their anchors.

    Args:
        body: The HTML of the text of a page.
    """
    text = ""
    end = 0
    places = {}
    open_parts: dict[str, list[tuple[str, int]]] = {"section": [], "dd": []}

    def add(html: str) -> None:
        nonlocal text
        words = re.sub(r"\s+", " ", unescape(html))
        text += words.lstrip() if text.endswith(" ") else words

    body = NOT_READ.sub("", body)
    for tag in PART.finditer(body):
        add(body[end : tag.start()])
        end = tag.end()
        opened, anchor, closed = tag.groups()
        if opened:
            kind = "dd" if opened == "dt" else opened
            open_parts[kind].append((anchor, len(text)))
        elif closed:
            # Several terms may share one definition; a section closes the last one.
            while open_parts[closed]:
                name, start = open_parts[closed].pop()
                places[name] = (start, len(text))
                if closed == "section":
                    break
    add(body[end:])
    return text, places


def write_text(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Write the text of a page as a script, for the context that a search shows."""
    if doctree is None or app.builder.name != "html":
        return
    text, places = read_parts(context["body"])
    page = {"text": text, "places": places}
    path = Path(app.outdir, "_text", f"{pagename}.js")
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = f"{json.dumps(pagename)}] = {json.dumps(page, ensure_ascii=False)}"
    path.write_text(f"Search.texts[{entry};\n", encoding="utf8", newline="\n")


class ChineseAndEnglish(SearchEnglish):
    """Characters and pairs of characters for Chinese, stems for English."""

    lang = "zh"
    js_splitter_code = SPLIT_QUERY + REQUIRE_EVERY_TERM + FIND_MESSAGES + SHOW_CONTEXT

    def split(self, input: str) -> list[str]:
        """Cut a text into English words, Chinese characters and pairs of these."""
        terms = re.findall(WORD, input)
        for run in re.findall(HAN, input):
            terms += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        return terms


def messages(page: nodes.document) -> Iterator[tuple[str, str]]:
    """Give each message in a table of a page, and the label that its row links to."""
    for row in page.findall(nodes.row):
        said = [node.astext() for node in row.findall(nodes.literal)]
        links = [node.get("refid", "") for node in row.findall(nodes.reference)]
        if said and MESSAGE.match(said[0]) and any(links):
            yield said[0], next(filter(None, links))


def index_messages(app: Sphinx, page: nodes.document, name: str) -> None:
    """Add the messages of a page to the index, as an ``index`` directive would."""
    for message, label in messages(page):
        entries = [("single", message, label, "", None)]
        page.append(addnodes.index(entries=entries))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the language under "zh"; conf.py chooses it for both builds."""
    app.add_search_language(ChineseAndEnglish)
    app.connect("doctree-resolved", index_messages)
    app.connect("html-page-context", write_text)
    return metadata(__file__)
