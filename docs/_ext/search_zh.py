"""Search in Chinese and English, mixed, on the pages of both languages.

A run of Chinese characters is indexed as its characters and its pairs of characters;
a query is cut into pairs (a single character stays one). So a query finds every page
with that text, whatever a dictionary calls a word, and index and query always agree.
Sphinx's own Chinese search is dead (sphinx#14229), and jieba misses technical terms.
"""

import re

from bilingual import metadata
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util.typing import ExtensionMetadata

HAN = "[\u3400-\u9fff]+"
WORD = "[A-Za-z0-9_\u00c0-\u024f]{2,}"  # a letter alone finds everything

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
REQUIRE_EVERY_TERM = """
const performOneTerm = Search.performTermsSearch;
Search.performTermsSearch = (terms, excluded) => {
  const found = [...terms].map((term) => performOneTerm(new Set([term]), excluded));
  const scores = found.map((results) => new Map(results.map((r) => [r[0], r[4]])));
  return (found[0] ?? [])
    .filter(([page]) => scores.every((score) => score.has(page)))
    .map((r) => r.with(4, scores.reduce((sum, score) => sum + score.get(r[0]), 0)));
};
"""


class ChineseAndEnglish(SearchEnglish):
    """Characters and pairs of characters for Chinese, stems for English."""

    lang = "zh"
    js_splitter_code = SPLIT_QUERY + REQUIRE_EVERY_TERM

    def split(self, input: str) -> list[str]:
        """Cut a text into English words, Chinese characters and pairs of these."""
        terms = re.findall(WORD, input)
        for run in re.findall(HAN, input):
            terms += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        return terms


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the language under "zh"; conf.py chooses it for both builds."""
    app.add_search_language(ChineseAndEnglish)
    return metadata(__file__)
