"""The chapters executed in shares, on as many machines, give the same book."""

import argparse
import re
from pathlib import Path

import pytest
from nn_book.execute import execution, shares
from nn_book.execute.data import needs_mnist
from test_gpu import Book

from nn_tutorial import mnist

pytestmark = pytest.mark.builds
HEAD = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"
ONE = "print('ran', os.getpid() > 0, {number})"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    return mnist._write_stand_in(folder, reason="for tests").root


def machine(folder: Path, data: Path, codes: dict[str, str]) -> Book:
    """Return a fresh clone of a book, with one page for each entry of ``codes``."""
    book = Book(folder, data)
    (book.docs / "chapters" / "07-a.md").unlink()
    for name, code in codes.items():
        book.write(name, code)
    front = book.docs / "index.md"
    text = front.read_text("utf8") + "\n```{code-cell} ipython3\nprint(2 + 2)\n```\n"
    front.write_text(HEAD + text, "utf8")
    return book


def pages(book: Book) -> dict[str, bytes]:
    """Return every file of both languages that a build has written."""
    files = {}
    for language in ("zh", "en"):
        html = book.docs / "_build" / language / "html"
        for path in sorted(html.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                files[f"{language}/{path.relative_to(html)}"] = path.read_bytes()
    return files


def test_four_shares_give_the_pages_of_one_machine(tmp_path: Path, data: Path):
    codes = {f"page-{n}": ONE.format(number=n) for n in range(3)}  # and the front page
    alone = machine(tmp_path / "alone", data, codes)
    whole = alone.build()
    assert whole.executed() == 4, whole.output

    caches, counts = [], []
    for number in range(1, 5):
        book = machine(tmp_path / f"machine-{number}", data, codes)
        done = book.build("--share", f"{number}/4")
        assert done.code == 0, done.output
        counts.append(len(re.findall(r": executed in [\d.]+ s$", done.output, re.M)))
        caches.append(str(book.docs / "_build" / "cache"))
        assert not (book.docs.parent / "site").exists()
    assert counts == [1, 1, 1, 1]

    merged = machine(tmp_path / "merged", data, codes)
    done = merged.build("--merge", *caches)
    assert done.code == 0, done.output
    assert done.executed() == 0
    assert pages(merged) == pages(alone)
    assert len(pages(alone)) > 2 * 4


def test_a_page_that_fails_in_its_share_is_named(tmp_path: Path, data: Path):
    book = machine(tmp_path, data, {"good": "pass", "page-bad": "1 / 0"})

    done = book.build("--share", "2/3")

    assert done.code == 1
    assert "page-bad.md: its execution failed" in done.output
    assert "ZeroDivisionError" in done.output


def test_pages_are_dealt_each_to_one_share_and_mnist_first():
    pages = execution.pages_with_code()
    dealt = [p for n in range(1, 5) for p in pages[shares.share(f"{n}/4")]]
    assert sorted(dealt) == sorted(pages)
    assert {page.stem for page in pages} >= {
        "mnist-data",
        "mnist",
        "batchnorm",
        "processes",
    }
    heavy = [needs_mnist(page) for page in pages]
    assert heavy == sorted(heavy, reverse=True)


@pytest.mark.parametrize("text", ["0/4", "5/4", "two", "1/2/3", "-1/4"])
def test_a_share_that_does_not_exist_is_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match=f"no share '{text}'"):
        shares.share(text)


def test_a_share_is_read_as_it_is_said():
    assert list(range(8))[shares.share("2/4")] == [1, 5]


def test_a_folder_without_results_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match=f"{tmp_path} holds no executed page"):
        shares.merge([tmp_path])
