"""The order of the chapters, and how a page names one.

The toctree of index.md is the only place that knows the order: a chapter is moved by
moving its line. In the text a chapter is named by its file, with a role that shows and
links its number:

    {ch}`regression`    "chapter 2", in Chinese 第 2 章
    {Ch}`regression`    "Chapter 2", where an English sentence begins
"""

import re
from functools import lru_cache
from pathlib import Path

FOLDER = "chapters/"
PREFACE = "before-you-start"  # if it comes first, it has the number 0
NAMED = re.compile(r"\{(?P<role>[cC]h)\}`(?P<slug>[\w-]+)`")
# Where the chapters of the first edition were; links to them lead on.
OLD_ADDRESSES = {
    "01-activations": "activations",
    "02-regression": "regression",
    "03-softmax-classification": "softmax",
    "04-logistic-regression-and-neural-network": "logistic",
    "05-sequential-and-module": "module",
    "06-saving-and-loading": "saving",
    "07-mnist-deep-network": "mnist",
    "08-mnist-batch-normalization": "batchnorm",
    "09-from-raw-autograd-to-module": "autograd",
    "10-old-code": "old-code",
}
# Chapters that were split: a section that is no longer on the page is on the other one.
MOVED_SECTIONS = {
    "batchnorm": "gpu",
    "logistic": "logistic-network",
    "mnist": "mnist-data",
}
TITLES = {"zh": "第 {} 章", "en": "chapter {}"}
# How the paragraph begins that says, at the head of a chapter, what to read first (the
# reader of the lint does not know the text of a reference).
NEEDS = {
    "zh": re.compile(r"先读(第 \d+ 章|\ue000)|这是第一章"),
    "en": re.compile(r"Read (chapter \d+|\ue000)|This is the first chapter"),
}


def chapter_numbers(docs: Path) -> dict[str, int]:
    """Return the number of each chapter by the name of its file, in reading order.

    Args:
        docs: The folder with index.md.
    """
    index = docs / "index.md"
    return dict(_read_order(index, index.stat().st_mtime_ns)) if index.exists() else {}


@lru_cache(maxsize=8)
def _read_order(index: Path, changed: int) -> tuple[tuple[str, int], ...]:
    text = index.read_text(encoding="utf8")
    trees = re.findall(r"(?ms)^```\{toctree\}\n(.*?)^```", text)
    entry = rf"(?m)^(?:.*<)?/?{FOLDER}([\w-]+)>?$"
    slugs = [slug for tree in trees for slug in re.findall(entry, tree)]
    first = 0 if slugs[:1] == [PREFACE] else 1
    return tuple((slug, number) for number, slug in enumerate(slugs, first))


def number_of(docs: Path, docname: str) -> int | None:
    """Return the number of a page ("chapters/regression"), or None: no chapter."""
    if not docname.startswith(FOLDER):
        return None
    return chapter_numbers(docs).get(docname.removeprefix(FOLDER))


def name_chapters(text: str, lang: str, numbers: dict[str, int]) -> str:
    """Write every ``{ch}`` role as a link that shows the number of its chapter.

    Raises:
        ValueError: If there is no such chapter.
    """

    def link(found: re.Match[str]) -> str:
        slug = found["slug"]
        if slug not in numbers:
            known = ", ".join(numbers)
            raise ValueError(f"{found[0]}: no chapter {slug!r}; there are: {known}")
        title = TITLES[lang].format(numbers[slug])
        title = title.capitalize() if found["role"] == "Ch" else title
        return f"{{doc}}`{title} </{FOLDER}{slug}>`"

    return NAMED.sub(link, text)
