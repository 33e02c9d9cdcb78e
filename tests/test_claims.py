"""CLAIMS.md: each claim of a chapter has a row, and what carries it exists."""

import re
from functools import cache
from pathlib import Path

import pytest
from nn_book.source.course import chapter_numbers

ROOT = Path(__file__).parents[1]
KINDS = ("cell", "glue", "test", "paper", "source", "story")
CARRIER = re.compile(rf"(?:{'|'.join(KINDS)}) (?:`[^`]+`(?: \([^)]*\))?(?:, )?)+")
SLUGS = sorted(chapter_numbers(ROOT / "docs"))


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return claim and carriers of every row, chapter by chapter."""
    parts = re.split(r"(?m)^## (.+)$", text)[1:]
    rows = re.compile(r"(?m)^\| (.+?) \| (.+) \|$")
    return {
        slug: [row for row in rows.findall(body) if row[0] != "Claim"]
        for slug, body in zip(parts[::2], parts[1::2], strict=True)
    }


@cache
def names_of(slug: str) -> set[str]:
    """Return the labels and the glued numbers of a chapter."""
    text = (ROOT / f"docs/chapters/{slug}.md").read_text(encoding="utf8")
    labels = re.findall(r"(?m)^\(([\w-]+)\)=$", text)
    return {*labels, *re.findall(r"\{glue:text\}`(\w+)", text)}


@cache
def written_tests() -> set[str]:
    """Return the names of all tests."""
    files = (ROOT / "tests").glob("test_*.py")
    found = "\n".join(path.read_text(encoding="utf8") for path in files)
    return set(re.findall(r"(?m)^def (test_\w+)", found))


def missing(slug: str, carriers: str) -> list[str]:
    """Return the names among the carriers that are neither in a chapter nor a test."""
    absent = []
    for name in re.findall(r"`([^`]+)`", carriers):
        chapter, _, label = name.rpartition("#")
        known = names_of(chapter or slug) | (set() if chapter else written_tests())
        absent += [] if label in known else [name]
    return absent


CLAIMS = sections((ROOT / "CLAIMS.md").read_text(encoding="utf8"))


def test_every_chapter_has_its_claims():
    assert sorted(CLAIMS) == SLUGS
    assert all(CLAIMS.values())


@pytest.mark.parametrize("slug", SLUGS)
def test_what_carries_a_claim_exists(slug):
    for claim, carriers in CLAIMS[slug]:
        for carrier in carriers.split("; "):
            assert CARRIER.fullmatch(carrier), (claim, carrier)
        assert missing(slug, carriers) == [], claim


def test_a_name_that_is_gone_is_found():
    assert missing("softmax", "glue `softmax_floor`; cell `softmax-floor`") == [
        "softmax-floor"
    ]
    assert missing("softmax", "cell `mnist#softmax-function`") == [
        "mnist#softmax-function"
    ]
