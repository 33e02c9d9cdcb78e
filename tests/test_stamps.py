"""A build that skips its work notices every change of what went in or came out."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from nn_tutorial import mnist


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder like a clone, which the stamps take for the book."""
    from nn_book import stamps

    for name in ("docs/chapters/a.md", "docs/conf.py", "nn_tutorial/b.py", "LICENSE"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf8")
    monkeypatch.setattr(stamps, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(stamps, "KEPT", tmp_path / "docs/_build/gpu")
    return tmp_path


CHANGES = {
    "a page is edited": lambda book: edit(book / "docs/chapters/a.md"),
    "a page is added": lambda book: (book / "docs/new.md").write_text("", "utf8"),
    "a page is removed": lambda book: (book / "docs/chapters/a.md").unlink(),
    "a page is renamed": lambda book: (book / "docs/chapters/a.md").rename(
        book / "docs/chapters/b.md"
    ),
    "the configuration is edited": lambda book: edit(book / "docs/conf.py"),
    "the package is edited": lambda book: edit(book / "nn_tutorial/b.py"),
    "the license is edited": lambda book: edit(book / "LICENSE"),
    "a GPU has left a result": lambda book: edit(book / "docs/_build/gpu/a.ipynb"),
    "the address of the site is set": lambda book: os.environ.update(
        NN_TUTORIAL_SITE_URL="https://example.org/"
    ),
}


def edit(path: Path) -> None:
    """Change one character of a file, its size and date staying as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.stat() if path.exists() else None
    text = path.read_text("utf8") if old else "x"
    path.write_text("#" + text[1:], encoding="utf8")
    if old:
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES)
def test_what_goes_into_a_book_is_noticed(
    book: Path, change: str, monkeypatch: pytest.MonkeyPatch
):
    from nn_book import stamps

    monkeypatch.setenv("NN_TUTORIAL_SITE_URL", "")
    before = stamps.inputs()
    assert stamps.inputs() == before
    CHANGES[change](book)
    assert stamps.inputs() != before


def test_other_data_and_other_versions_are_noticed(
    book: Path, monkeypatch: pytest.MonkeyPatch
):
    from nn_book import stamps

    before = stamps.inputs("the checksum of MNIST")
    assert stamps.inputs("the checksum of the stand-in") != before
    monkeypatch.setattr(stamps.metadata, "distributions", list)
    assert stamps.inputs("the checksum of MNIST") != before


def test_what_a_build_leaves_in_its_own_folder_is_no_change(book: Path):
    from nn_book import stamps

    before = stamps.inputs()
    for name in ("docs/_build/en/log.txt", "docs/__pycache__/conf.pyc", "site/a.html"):
        edit(book / name)
    assert stamps.inputs() == before


@pytest.mark.parametrize(
    "damage", ["edit", "add", "remove", "no stamp", "half a stamp"]
)
def test_what_came_out_is_made_again_when_it_is_not_whole(tmp_path: Path, damage: str):
    from nn_book import stamps

    out, stamp = tmp_path / "html", tmp_path / "stamp.json"
    page = out / "a.html"
    edit(page)
    stamps.write(stamp, "inputs", stamps.files_below(out))
    assert stamps.holds(stamp, "inputs", stamps.files_below(out))
    assert not stamps.holds(stamp, "other inputs", stamps.files_below(out))

    match damage:
        case "edit":
            page.write_text("y", encoding="utf8")
        case "add":
            edit(out / "b.html")
        case "remove":
            page.unlink()
        case "no stamp":
            stamp.unlink()
        case "half a stamp":
            stamp.write_text(stamp.read_text("utf8")[:20], encoding="utf8")
    assert not stamps.holds(stamp, "inputs", stamps.files_below(out))


def test_a_cached_text_is_made_again_from_other_text(tmp_path: Path):
    from nn_book.render.cached_text import cached_text

    app = SimpleNamespace(config=SimpleNamespace(nb_execution_cache_path=str(tmp_path)))
    made: list[str] = []

    def ask(text: str) -> str:
        return cached_text(
            app, "styles", [text], lambda: made.append(text) or f"<{text}>\r\n"
        )

    assert [ask("a"), ask("a"), ask("b"), ask("a")] == [
        "<a>\r\n",
        "<a>\r\n",
        "<b>\r\n",
        "<a>\r\n",
    ]
    assert made == ["a", "b"]


# -- The data -------------------------------------------------------------------------


@pytest.fixture
def chapters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a chapter on MNIST; what is remembered starts empty."""
    from nn_book.execute import data

    monkeypatch.setattr(data, "DATA_FOUND", tmp_path / "_build/data.json")
    monkeypatch.setenv("NN_TUTORIAL_DATA_CHECKSUM", "")
    monkeypatch.delenv("NN_TUTORIAL_REQUIRE_MNIST", raising=False)
    page = tmp_path / "chapters" / "a.md"
    page.parent.mkdir()
    page.write_text("mnist_root(stand_in=True)", encoding="utf8")
    return page.parent


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one each time the data are really looked for."""
    looked: list[int] = []

    def mnist_root(*, stand_in: bool) -> mnist.MnistSource:
        looked.append(1)
        return original(stand_in=stand_in, mirrors=["http://127.0.0.1:9/"])

    original = mnist.mnist_root
    monkeypatch.setattr(mnist, "mnist_root", mnist_root)
    return looked


def test_named_data_are_looked_for_once_and_again_when_they_change(
    chapters: Path,
    looks: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    from nn_book.execute import data

    root = mnist._write_stand_in(tmp_path / "data", reason="").root
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(root))
    for _ in range(2):
        assert data.find_data(chapters)
        assert os.environ["NN_TUTORIAL_DATA_CHECKSUM"]
    assert len(looks) == 1

    edit(root / "MNIST/raw/t10k-labels-idx1-ubyte")
    with pytest.raises(ValueError, match="t10k-labels"):
        data.find_data(chapters)


def test_dead_mirrors_are_asked_again_after_an_hour(
    chapters: Path,
    looks: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    from nn_book.execute import data

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def find() -> None:
        monkeypatch.setenv("NN_TUTORIAL_DATA", "")  # as another process sees it
        assert data.find_data(chapters)

    find()
    find()
    assert len(looks) == 1
    assert "asked again after an hour" in capsys.readouterr().out
    monkeypatch.setenv("NN_TUTORIAL_MIRROR", "http://127.0.0.1:9/other")
    find()
    assert len(looks) == 2
    said = json.loads(data.DATA_FOUND.read_text("utf8"))
    said["time"] -= data.MIRRORS_REST_S + 1
    data.DATA_FOUND.write_text(json.dumps(said), encoding="utf8")
    find()
    assert len(looks) == 3
