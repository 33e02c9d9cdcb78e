"""What a disturbed build says: a clear line; and the next build succeeds."""

import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_cache import get_cache
from nn_book import lock
from test_build import PLAIN_CONF, Book

pytestmark = pytest.mark.builds
HOLD = """\
import sys, time
from pathlib import Path
from nn_book.lock import only_build
with only_build(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def plain_book(folder: Path, codes: dict[str, str]) -> Book:
    """Return a book without the theme, which is built in a few seconds."""
    book = Book(folder, codes)
    (book.docs / "conf.py").write_text(PLAIN_CONF, encoding="utf8")
    return book


def hold(path: Path) -> subprocess.Popen[str]:
    """Start a process that takes the lock and keeps it until it reads a line."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-c", HOLD, str(path)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def test_a_second_build_names_the_first_and_goes_on_after_it(tmp_path: Path):
    book = plain_book(tmp_path, {"a": "print(1)"})
    first = hold(book.docs / "_build" / "lock")
    assert first.stdout.readline() == "locked\n"

    second = book.start("--only", "zh")
    line = second.stdout.readline()
    said = rf"waiting for another build here: process {first.pid}, since [\d:]{{8}}\n"
    assert re.fullmatch(said, line), line

    first.communicate("go on\n", timeout=60)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output
    assert "zh:" in output


def test_a_killed_build_leaves_no_dead_lock(tmp_path: Path, capsys):
    path = tmp_path / "lock"
    first = hold(path)
    assert first.stdout.readline() == "locked\n"
    first.kill()
    first.communicate()

    with lock.only_build(path):
        assert f"process {os.getpid()}" in path.read_text("utf8")
    assert "waiting" not in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the workers")
def test_no_worker_outlives_a_killed_build(tmp_path: Path):
    mark = tmp_path / "alive"
    code = (
        "import os, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from pathlib import Path\n"
        "from nn_book import build\n"
        "def work(path):\n"
        "    if os.fork() == 0:\n"
        "        while True:\n"
        "            Path(path).touch(); time.sleep(0.01)\n"
        "    time.sleep(600)\n"
        "pool = build.processes(1)\n"
        f"pool.submit(work, {str(mark)!r})\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", code])
    while not mark.exists():
        assert process.poll() is None
    process.kill()
    process.wait()

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        mark.unlink(missing_ok=True)
        quiet_until = time.monotonic() + 1  # the worker touches it 100 times a second
        while time.monotonic() < quiet_until and not mark.exists():
            pass
        if not mark.exists():
            return
    pytest.fail("the worker goes on")


def test_a_build_succeeds_after_kills_at_random_moments(tmp_path: Path):
    names = ["a", "b"]
    book = plain_book(tmp_path, {"a": "print(6 * 7)", "b": "print(42)"})
    start = time.monotonic()
    build = book.build("--only", "zh")
    assert build.code == 0, build.output
    whole = time.monotonic() - start
    moments = random.Random(0)
    for number in range(5):
        book.write(
            "index", (book.docs / "index.md").read_text("utf8") + f"\n{number}\n"
        )
        if number % 2:
            shutil.rmtree(book.docs / "_build" / "cache", ignore_errors=True)
        process = book.start("--only", "zh")
        time.sleep(moments.uniform(0, whole))
        process.kill()  # the build alone: its workers have to notice
        process.communicate()
    build = book.build("--only", "zh")
    assert build.code == 0, build.output
    assert sorted(book.pages("zh")) == names
    assert all("</html>" in page and "42" in page for page in book.pages("zh").values())


def test_a_path_with_blanks_and_chinese_characters_is_a_path(tmp_path: Path):
    book = plain_book(tmp_path / "我的 书 (2)", {"a": "print(6 * 7)"})
    build = book.build("--only", "zh")
    assert build.code == 0, build.output
    assert "42" in book.pages("zh")["a"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_home_that_cannot_be_written_is_not_needed(tmp_path: Path):
    book = plain_book(tmp_path / "book", {"a": "print(6 * 7)"})
    # Not even root can make a folder below a file.
    (tmp_path / "home").write_text("", encoding="utf8")
    build = book.build("--only", "zh", HOME=str(tmp_path / "home"))
    assert build.code == 0, build.output
    assert "42" in book.pages("zh")["a"]


@pytest.mark.skipif(sys.platform != "linux", reason="a full disk is /dev/full")
def test_a_full_disk_is_named_and_the_next_build_succeeds(tmp_path: Path):
    book = plain_book(tmp_path, {"a": "print(6 * 7)"})
    folder = book.docs / "_build" / "zh"
    folder.mkdir(parents=True)
    (folder / "log.txt").symlink_to("/dev/full")

    build = book.build("--only", "zh")

    assert build.code != 0
    assert "No space left on device" in build.output.splitlines()[-1]
    (folder / "log.txt").unlink(missing_ok=True)
    build = book.build("--only", "zh")
    assert build.code == 0, build.output


PATIENCE = "execution: {timeout: 10}\n"  # of one page
DISTURBING = {
    "hangs": ("import time\ntime.sleep(600)", r"[Tt]imed? ?out"),
    "ends its kernel": ("import os\nos._exit(1)", "[Kk]ernel died"),
    "prints 100 MB": ("text = 'x' * 10**8\nprint(text)", "printed 100 MB"),
}


@pytest.mark.parametrize("what", DISTURBING)
def test_a_cell_that_disturbs_is_named_and_the_next_build_succeeds(
    tmp_path: Path, what: str
):
    code, said = DISTURBING[what]
    book = plain_book(tmp_path, {"a": code})
    page = book.docs / "chapters" / "a.md"
    text = page.read_text("utf8")
    page.write_text(text.replace("kernelspec:", f"{PATIENCE}kernelspec:"), "utf8")

    build = book.build("--only", "zh")

    assert build.code != 0
    assert re.search(r"chapters/a\.md: its execution failed", build.output), (
        build.output
    )
    assert re.search(said, build.output), build.output
    assert code.splitlines()[1] in build.output  # the cell
    page.write_text(page.read_text("utf8").replace(code, "print(6 * 7)"), "utf8")
    build = book.build("--only", "zh")
    assert build.code == 0, build.output
    assert "42" in book.pages("zh")["a"]


def test_the_terminal_says_which_chapter_is_executed_and_how_many(tmp_path: Path):
    book = plain_book(tmp_path, {"a": "print(1)", "b": "print(2)"})
    build = book.build("--only", "zh", "--jobs", "1")
    assert build.code == 0, build.output
    lines = re.findall(
        r"^(\d) of (\d) chapters executed, now (\w)$", build.output, re.M
    )
    assert lines == [("0", "2", "a"), ("1", "2", "b")]


def test_two_pages_with_the_same_code_are_cached_once(tmp_path: Path):
    book = plain_book(tmp_path, {"a": "print(6 * 7)", "b": "print(6 * 7)"})
    build = book.build("--only", "zh")
    assert (build.code, build.executed()) == (0, 1), build.output
    assert all("42" in page for page in book.pages("zh").values())
    [folder] = (book.docs / "_build" / "cache").iterdir()
    assert len(get_cache(folder).list_cache_records()) == 1
