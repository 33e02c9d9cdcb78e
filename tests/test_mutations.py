"""Random damage to the sources: what one language loses, somebody is told."""

import re

import pytest
from bench_mutations import Bench


def test_no_mutation_changes_one_language_silently(tmp_path):
    # The bench makes 20,000, of all sections.
    assert list(Bench(tmp_path, sections=12).attack(150)) == []


def test_the_bench_sees_a_silent_mutation(tmp_path, monkeypatch):
    monkeypatch.setattr("nn_book.source.lint.problems", lambda docs: [])
    kinds = [kind for kind, _ in Bench(tmp_path, sections=4).attack(40)]
    assert any("only zh changed" in kind for kind in kinds)
    assert any("only en changed" in kind for kind in kinds)


LABELS = """\
(first)=
# Title

(first)=
## Again
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Title\n\n[there](#nowhere)\n", "target not found: .*nowhere"),
        ("# Title\n\n[there](other.md#nowhere)\n", "nowhere"),
        ("# Title\n\n{ref}`nowhere`\n", "undefined label: 'nowhere'"),
        (LABELS, "(?i)duplicate"),
    ],
)
def test_a_build_refuses_dead_anchors_and_doubled_labels(make_book, text, message):
    other = "---\norphan: true\n---\n# Other\n"
    book = make_book({"index.md": text, "other.md": other}).build()
    assert re.search(message, book.warnings())
