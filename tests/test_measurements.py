"""The ladder is measured as the page has it, and shown as measured elsewhere."""

import json
import re
from pathlib import Path

import pytest
import torch
from fake_cuda import NAME, fake_cuda
from nn_book.execute import measure

from nn_tutorial import mnist

PAGE = "# One\n\n```{measurement} ladder\n```\n"
FOUND = {
    "device": "NVIDIA H0",
    "driver": "1.2.3",
    "versions": {"Python": "3.11", "torch": "9.9", "CUDA": ""},
    "commit": "abcdef123456",
    "date": "2026-01-31",
    "data": "MNIST",
    "rungs": [
        {
            **{"name": "first", "device": "cuda", "epochs": 2},
            **{"seconds": [[3.0, 2.0], [9.0, 4.0]], "accuracy": [0.9, 0.92]},
        },
        {
            **{"name": "second", "device": "cuda", "epochs": 2},
            **{"seconds": [[3.5, 3.5], [3.5, 3.5]], "accuracy": [0.9, 0.9]},
        },
        {
            **{"name": "third", "device": "cuda", "epochs": 2, "error": "Oh"},
            **{"seconds": [], "accuracy": []},
        },
        {
            **{"name": "fourth", "device": "cuda", "epochs": 2},
            **{"seconds": [[1.0, 0.5]], "accuracy": [0.91]},
        },
    ],
}


@pytest.fixture
def book(make_book):
    book = make_book({"index.md": PAGE})
    conf = book.docs / "conf.py"
    text = conf.read_text("utf8")
    extension = '"nn_book.render.measurements", "myst_nb"'
    conf.write_text(text.replace('"myst_nb"', extension, 1), "utf8")
    return book


def keep(book, found: object) -> None:
    book.write("measurements/ladder.json", json.dumps(found))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["no output of this build", "on 2026-01-31 on NVIDIA H0 (driver 1.2.3)"],
        ),
        ("zh", ["不是本次构建的输出", "2026-01-31 在 NVIDIA H0（驱动 1.2.3）"]),
    ],
)
def test_figures_are_shown_with_where_and_when_they_were_measured(
    book, language, words
):
    keep(book, FOUND)

    page = book.build(language).html()

    assert book.warnings() == ""
    box = page.select_one("div.measurement")
    told = box.select_one("p").text
    assert all(word in told for word in [*words, "torch 9.9", "abcdef123456", "MNIST"])
    assert "CUDA" not in told  # there was none
    # Not like an output of a cell.
    assert not box.find_parent(class_="cell_output") and not box.select(".cell_output")


def test_each_rung_has_its_times_and_says_when_it_is_slower(book):
    keep(book, FOUND)

    page = book.build().html()

    rows = [
        [cell.text.strip() for cell in row.select("td")]
        for row in page.select("div.measurement tbody tr")
    ]
    # By hand: the faster epochs are 2 and 4, so 3 and the square root of 2; the sums
    # are 5 and 13, so 9 and 4 times the square root of 2.
    assert rows == [
        ["first", "cuda", "2", "3.000 ± 1.414", "9.00 ± 5.66", "0.9100 ± 0.0141"],
        [
            *["second", "cuda", "2", "3.500 ± 0.000 (slower than the rung above)"],
            *["7.00 ± 0.00", "0.9000 ± 0.0000"],
        ],
        ["third", "cuda", "2", "did not run", "", ""],
        ["fourth", "cuda", "2", "0.500", "1.50", "0.9100"],
    ]


def test_without_a_measurement_the_page_says_so_and_later_shows_it(book):
    assert "No run has had a GPU yet" in book.build().html().text

    keep(book, FOUND)
    assert "NVIDIA H0" in book.build().html().text


@pytest.mark.parametrize("found", [[], {"rungs": []}, {**FOUND, "rungs": [{}]}])
def test_a_damaged_measurement_is_named(book, found):
    keep(book, found)

    assert "ladder.json is damaged" in book.build().warnings()


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    """Return the ladder of the chapter, with so few images that it is short."""
    root = mnist._write_stand_in(tmp_path_factory.mktemp("data"), reason="test").root
    ladder = measure.ladder_of(measure.PAGE, root)
    assert (ladder["n_rows"], len(ladder["held_out"][1])) == (1_497, 300)
    ladder["n_rows"] = 1_024 + 64
    return ladder


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(measure, "SEEDS", 1)
    monkeypatch.setattr(measure, "SHORT", 1)
    monkeypatch.setattr(measure, "LONG", 2)


def test_every_rung_of_the_page_is_measured_on_a_gpu(ladder, short):
    with fake_cuda():
        rungs = measure.climb(ladder, torch.device("cuda"))

    assert [rung.get("error") for rung in rungs] == [None] * len(rungs)
    names = [rung["name"] for rung in rungs if rung["device"] == "cuda"]
    assert names == [*ladder["on_cuda"], list(ladder["on_cuda"])[-1]]
    assert [rung["epochs"] for rung in rungs] == [
        *[1] * len(ladder["on_cpu"]),
        2,
        *[1] * len(ladder["on_cuda"]),
        2,
    ]
    for rung in rungs:
        assert [len(seconds) for seconds in rung["seconds"]] == [rung["epochs"]]
        assert 0 <= rung["accuracy"][0] <= 1
    # A rung of one order is a rung of the same images: the same to the last digit.
    accuracy = {rung["name"]: rung["accuracy"] for rung in rungs if rung["epochs"] == 1}
    assert accuracy["DataLoader"] == accuracy["tensors in memory"]
    assert accuracy["in memory, .item()"] == accuracy["tensors in memory"]


def test_a_rung_that_fails_says_so_and_the_others_are_measured(ladder, short):
    def broken(*_):
        raise RuntimeError("no kernel image")

    few = {**ladder, "on_cpu": {"bad": broken, "good": ladder["from_memory"]}}
    rungs = measure.climb(few, torch.device("cpu"))

    assert rungs[0]["error"] == "RuntimeError: no kernel image"
    assert len(rungs[1]["accuracy"]) == 1


def test_the_file_says_what_the_figures_depend_on(ladder, short, tmp_path, monkeypatch):
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(ladder["train_set"].root))
    one = {**ladder, "on_cpu": {"memory": ladder["from_memory"]}, "on_cuda": {}}
    one["on_cuda"] = {"memory": ladder["from_memory"]}
    monkeypatch.setattr(measure, "ladder_of", lambda page, root: one)
    file = tmp_path / "new" / "ladder.json"
    with fake_cuda():
        measure.write(file)

    found = json.loads(file.read_text("utf8"))
    assert found["device"] == NAME
    assert found["versions"]["torch"] == torch.__version__
    assert re.fullmatch(r"[0-9a-f]{12}|", found["commit"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", found["date"])
    assert found["data"].startswith("stand-in")
    assert [rung["device"] for rung in found["rungs"]] == ["cpu", "cpu", "cuda", "cuda"]


def test_the_measurements_that_are_kept_are_whole():
    for path in Path(measure.FOLDER).glob("*.json"):
        found = json.loads(path.read_text("utf8"))
        assert found["commit"] and found["driver"] and found["date"]
        assert not [rung for rung in found["rungs"] if "error" in rung]
