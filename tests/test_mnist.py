"""Data that cannot fail, fault by fault; every server is on 127.0.0.1."""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nn_tutorial import mnist, progress
from nn_tutorial.mnist import (
    MNIST_FILES,
    MnistFile,
    captured_step,
    in_memory_batches,
    load_tensors,
    mnist_root,
    stand_in_notice,
    with_progress,
)

REAL_DATA = os.environ.get("NN_TUTORIAL_DATA")
TIMEOUT_S = 0.3


# -- A small MNIST and its mirrors -------------------------------------------------


def idx(array):
    """The format as the authors of MNIST describe it, written out by hand."""
    header = b"\x00\x00\x08" + bytes([array.ndim])
    for length in array.shape:
        header += length.to_bytes(4, "big")
    return header + array.tobytes()


def small_mnist():
    """Twenty training and ten test images of noise, as file name -> content."""
    random = np.random.default_rng(0)
    content = {}
    for half, n in (("t10k", 10), ("train", 20)):
        labels = random.integers(0, 10, n, dtype=np.uint8)
        images = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        content[f"{half}-labels-idx1-ubyte"] = idx(labels)
        content[f"{half}-images-idx3-ubyte"] = idx(images)
    return content


CONTENT = small_mnist()
PACKED = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in CONTENT.items()}
FILES = tuple(
    MnistFile(
        name,
        hashlib.md5(data).hexdigest(),
        len(PACKED[f"{name}.gz"]),
        hashlib.md5(PACKED[f"{name}.gz"]).hexdigest(),
    )
    for name, data in CONTENT.items()
)
COMPLETE = {f"MNIST/raw/{name}": data for name, data in CONTENT.items()}
LARGEST = "train-images-idx3-ubyte"
MD5_OF_LARGEST = {file.name: file.md5 for file in FILES}[LARGEST]
MD5_OF_CATS = "0832c1202da8d382318e329a7c133ea0"  # echo -n cats | md5sum


def write_complete(root):
    for name, data in COMPLETE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def stored(folder):
    """Every file under the folder, as relative name -> content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def send(handler, body, *, n_promised=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(n_promised or len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def good(handler, name):
    send(handler, PACKED[name])


@pytest.fixture
def serve():
    """A function that starts a mirror and returns its address."""
    servers = []

    def start(respond):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(ConnectionError):
                    respond(self, self.path.rpartition("/")[2])

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/mnist/"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def dead_mirror():
    """The address of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("NN_TUTORIAL_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def fetch(cache, *mirrors, stand_in=False):
    return mnist_root(
        stand_in=stand_in,
        cache=cache,
        files=FILES,
        mirrors=mirrors,
        timeout_s=TIMEOUT_S,
    )


# -- The order of sources ----------------------------------------------------------


def test_good_mirror_fills_the_cache_and_torchvision_reads_it(tmp_path, serve):
    from torchvision.datasets import MNIST

    source = fetch(tmp_path, serve(good))

    assert stored(tmp_path) == COMPLETE
    assert source.root == tmp_path
    assert not source.is_stand_in
    assert source.description.startswith("MNIST (20 + 10 images, MD5 ")
    assert stand_in_notice(source, language="en") == ""
    expected = np.frombuffer(CONTENT[LARGEST], np.uint8, offset=16)
    assert MNIST(source.root).data.flatten().tolist() == expected.tolist()


def test_complete_cache_needs_no_network(tmp_path, no_network):
    source = fetch(write_complete(tmp_path))

    # The checksum depends on the content of the four files and on nothing else.
    by_hand = " ".join(file.md5 for file in sorted(FILES))
    assert source.checksum == hashlib.md5(by_hand.encode()).hexdigest()


def test_default_cache_is_the_cache_folder_of_the_user(tmp_path, serve):
    source = mnist_root(stand_in=False, files=FILES, mirrors=[serve(good)])

    assert source.root == tmp_path / "cache" / "nn_tutorial"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".cache/nn_tutorial"),
        ("darwin", "Library/Caches/nn_tutorial"),
        ("win32", "AppData/Local/nn_tutorial"),
    ],
)
def test_each_system_has_its_own_cache_folder(monkeypatch, tmp_path, platform, folder):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)

    assert mnist._cache_folder() == tmp_path / folder


def test_mirror_of_the_environment_comes_first(tmp_path, serve, monkeypatch):
    asked = []

    def other(handler, name):
        asked.append(name)
        good(handler, name)

    # Written without the final slash, as people do.
    monkeypatch.setenv("NN_TUTORIAL_MIRROR", serve(good).rstrip("/"))

    fetch(tmp_path, serve(other))

    assert stored(tmp_path) == COMPLETE
    assert asked == []


def test_named_folder_is_used_and_left_alone(tmp_path, no_network, monkeypatch):
    folder = write_complete(tmp_path / "mine")
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(folder))

    source = fetch(tmp_path / "unused")

    assert source.root == folder
    assert stored(folder) == COMPLETE
    assert not (tmp_path / "unused").exists()


def test_named_folder_without_the_files_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(tmp_path))

    with pytest.raises(FileNotFoundError, match=r"has no .*train-images.*unset"):
        fetch(tmp_path / "unused", stand_in=True)


def test_named_folder_with_other_content_is_an_error(tmp_path, monkeypatch):
    write_complete(tmp_path)
    (tmp_path / "MNIST" / "raw" / LARGEST).write_bytes(b"cats")
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(tmp_path))

    told = f"{MD5_OF_CATS}, MNIST's is {MD5_OF_LARGEST}: replace it, or unset"
    with pytest.raises(ValueError, match=told):
        fetch(tmp_path / "unused", stand_in=True)

    assert (tmp_path / "MNIST" / "raw" / LARGEST).read_bytes() == b"cats"


# -- Mirrors that fail -------------------------------------------------------------


def test_second_mirror_serves_when_the_first_is_dead(tmp_path, serve, dead_mirror):
    fetch(tmp_path, dead_mirror, serve(good))

    assert stored(tmp_path) == COMPLETE


def test_second_mirror_serves_only_what_the_first_lacks(tmp_path, serve):
    def incomplete(handler, name):
        if name == f"{LARGEST}.gz":
            handler.send_error(404)
        else:
            good(handler, name)

    asked = []

    def second(handler, name):
        asked.append(name)
        good(handler, name)

    fetch(tmp_path, serve(incomplete), serve(second))

    assert stored(tmp_path) == COMPLETE
    assert asked == [f"{LARGEST}.gz"]


def test_mirror_that_falls_silent_is_left_after_the_time_out(tmp_path, serve):
    released = threading.Event()

    def stalling(handler, name):
        send(handler, PACKED[name][:20], n_promised=len(PACKED[name]))
        released.wait(30)

    started = time.monotonic()
    try:
        fetch(tmp_path, serve(stalling), serve(good))
    finally:
        released.set()

    assert stored(tmp_path) == COMPLETE
    assert time.monotonic() - started < 30 * TIMEOUT_S


def test_mirror_that_only_trickles_is_left_after_the_time_out(tmp_path, serve):
    released = threading.Event()

    def trickling(handler, name):
        handler.send_response(200)
        handler.end_headers()
        for byte in PACKED[name]:
            handler.wfile.write(bytes([byte]))
            if released.wait(TIMEOUT_S / 10):
                return

    started = time.monotonic()
    try:
        with pytest.raises(RuntimeError, match="slower than 10 kB/s: stalled"):
            fetch(tmp_path, serve(trickling))
    finally:
        released.set()

    assert time.monotonic() - started < 30 * TIMEOUT_S


def test_mirror_whose_headers_trickle_is_left_after_the_time_out(tmp_path, serve):
    released = threading.Event()

    def trickling(handler, name):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while not released.wait(TIMEOUT_S / 10):  # the line never ends
            handler.wfile.write(b"x")

    started = time.monotonic()
    try:
        with pytest.raises(RuntimeError, match=r"no answer in .* s: stalled"):
            fetch(tmp_path, serve(trickling))
    finally:
        released.set()

    assert time.monotonic() - started < 30 * TIMEOUT_S


def test_redirecting_mirror_is_followed_but_not_in_circles_or_to_files(tmp_path, serve):
    """A mirror may send its readers elsewhere; the checksum decides what is taken."""

    def to(address):
        def redirecting(handler, name):
            handler.send_response(302)
            handler.send_header("Location", address(name))
            handler.end_headers()

        return redirecting

    elsewhere = serve(good)
    fetch(tmp_path / "followed", serve(to(lambda name: elsewhere + name)))
    assert stored(tmp_path / "followed") == COMPLETE
    with pytest.raises(RuntimeError, match="infinite loop"):
        fetch(tmp_path / "circle", serve(to(lambda name: f"/{name}")))
    with pytest.raises(RuntimeError, match="not allowed"):
        fetch(tmp_path / "file", serve(to(lambda name: "file:///dev/zero")))
    assert stored(tmp_path / "circle") == stored(tmp_path / "file") == {}


def test_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path, serve, monkeypatch):
    bomb = gzip.compress(bytes(10**7))  # a thousandth of its size
    monkeypatch.setattr(gzip, "decompress", lambda packed: pytest.fail("unpacked"))
    with pytest.raises(RuntimeError, match="in place of"):
        fetch(tmp_path, serve(lambda handler, name: send(handler, bomb)))
    assert stored(tmp_path) == {}


@pytest.mark.parametrize("honest", [True, False], ids=["short", "cut"])
def test_truncated_file_is_refused_with_sizes_and_checksums(tmp_path, serve, honest):
    def truncating(handler, name):
        body = PACKED[name][:-10]
        send(handler, body, n_promised=None if honest else len(PACKED[name]))

    first = FILES[0]
    wrong = hashlib.md5(PACKED[f"{first.name}.gz"][:-10]).hexdigest()
    n_got, n_all = first.gz_bytes - 10, first.gz_bytes

    with pytest.raises(RuntimeError) as caught:
        fetch(tmp_path, serve(truncating))

    told = f"{n_got} of {n_all} bytes, with the MD5 {wrong} in place of {first.gz_md5}"
    assert told in str(caught.value)
    assert stored(tmp_path) == {}


def test_wrong_bytes_are_refused_and_the_next_mirror_is_asked(tmp_path, serve):
    def lying(handler, name):
        send(handler, b"<html>Please sign in to this network</html>")

    fetch(tmp_path / "second", serve(lying), serve(good))
    with pytest.raises(RuntimeError, match=f"in place of {FILES[0].gz_md5}"):
        fetch(tmp_path / "alone", serve(lying))

    assert stored(tmp_path / "second") == COMPLETE
    assert stored(tmp_path / "alone") == {}


def test_endless_answer_is_cut_off(tmp_path, serve):
    def endless(handler, name):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 16))

    with pytest.raises(RuntimeError, match=f"more of {FILES[0].gz_bytes} bytes"):
        fetch(tmp_path, serve(endless))


def test_error_names_every_mirror_and_what_to_do(tmp_path, serve, dead_mirror):
    without = serve(lambda handler, name: handler.send_error(404))

    with pytest.raises(RuntimeError) as caught:
        fetch(tmp_path, dead_mirror, without)

    message = str(caught.value)
    assert f"{dead_mirror}{FILES[0].name}.gz: <urlopen error" in message
    assert f"{without}{FILES[0].name}.gz: HTTP Error 404" in message
    assert "Set NN_TUTORIAL_MIRROR to" in message
    assert "NN_TUTORIAL_DATA=FOLDER" in message


# -- Disks that fail, processes that collide or die --------------------------------


def test_damaged_file_is_named_with_its_checksums_and_replaced(tmp_path, serve):
    damaged = write_complete(tmp_path) / "MNIST" / "raw" / LARGEST
    damaged.write_bytes(b"cats")

    with pytest.warns(UserWarning, match="replacing it") as caught:
        fetch(tmp_path, serve(good))

    told = str(caught[0].message)
    assert str(damaged) in told
    assert f"its MD5 is {MD5_OF_CATS}, MNIST's is {MD5_OF_LARGEST}" in told
    assert stored(tmp_path) == COMPLETE


@contextlib.contextmanager
def small_disk(monkeypatch):
    """A disk with room for files of up to 5,000 bytes: labels fit, images do not.

    No fixture: before one ends pytest writes its report, and perhaps into a file.
    """
    room = 5_000
    if sys.platform == "win32":  # which knows no limit on the size of files

        def sync(handle):
            if os.fstat(handle).st_size > room:
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", sync)
            yield
        return
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_leaves_no_half_file_and_says_what_to_do(
    tmp_path, serve, monkeypatch
):
    with small_disk(monkeypatch), pytest.raises(RuntimeError) as caught:
        fetch(tmp_path, serve(good))

    whole = {name: data for name, data in COMPLETE.items() if len(data) <= 5_000}
    assert stored(tmp_path).items() <= whole.items()
    assert "cannot write" in str(caught.value)
    assert "of room there, or set XDG_CACHE_HOME" in str(caught.value)


def test_full_disk_is_an_error_even_when_a_stand_in_will_do(
    tmp_path, serve, monkeypatch
):
    with (
        small_disk(monkeypatch),
        pytest.raises(RuntimeError, match="make 1 MB of room"),
    ):
        fetch(tmp_path, serve(good), stand_in=True)

    assert not [name for name in stored(tmp_path) if name.endswith(".tmp")]


def test_unwritable_folder_gives_a_stand_in_elsewhere(tmp_path, serve):
    # A file in the place of the folder stops every user, root too.
    (tmp_path / "cache").write_text("not a folder")

    source = fetch(tmp_path / "cache" / "sub", serve(good), stand_in=True)

    assert source.is_stand_in
    assert "cannot write" in source.reason
    assert "set XDG_CACHE_HOME" in source.reason
    assert load_tensors(source.root, train=False)[0].shape == (300, 784)


CHILD = """
import sys
from pathlib import Path
from unittest.mock import MagicMock

sys.modules["torch"] = MagicMock()  # not needed for the data, and slow to import
from nn_tutorial.mnist import MnistFile, mnist_root

cache, mirror, *lines = sys.argv[1:]
fields = [line.split() for line in lines]
files = [MnistFile(name, md5, int(n), gz_md5) for name, md5, n, gz_md5 in fields]
source = mnist_root(
    stand_in=False, cache=Path(cache), files=files, mirrors=[mirror], timeout_s=60
)
print(source.description)
"""


def start_child(cache, mirror):
    lines = [" ".join(map(str, file)) for file in FILES]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(cache), mirror, *lines],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once_get_whole_files_and_a_killed_one_none(tmp_path, serve):
    both = threading.Barrier(2)

    def together(handler, name):
        if name == f"{FILES[0].name}.gz":
            both.wait(60)
        good(handler, name)

    half_sent, released = threading.Event(), threading.Event()

    def halting(handler, name):
        packed = PACKED[name]
        send(handler, packed[: len(packed) // 2], n_promised=len(packed))
        half_sent.set()
        released.wait(60)

    shared, killed = tmp_path / "shared", tmp_path / "killed"
    address = serve(together)
    twins = [start_child(shared, address) for _ in range(2)]
    victim = start_child(killed, serve(halting))
    try:
        assert half_sent.wait(60)
        victim.kill()
        told = [twin.communicate(timeout=60)[0] for twin in twins]
    finally:
        released.set()
        for child in (*twins, victim):
            child.kill()
            child.communicate()

    assert [text.count("MNIST (20 + 10 images") for text in told] == [1, 1]
    assert stored(shared) == COMPLETE
    assert not killed.exists()
    fetch(killed, serve(good))
    assert stored(killed) == COMPLETE


def test_file_that_another_process_has_written_and_reads_will_do(
    tmp_path, serve, monkeypatch
):
    # Windows does not replace a file that is open.
    def refuse(temporary, path):
        path.write_bytes(COMPLETE[path.relative_to(tmp_path).as_posix()])
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr(Path, "replace", refuse)

    fetch(tmp_path, serve(good))

    assert stored(tmp_path) == COMPLETE


def test_file_that_cannot_be_replaced_is_an_error(tmp_path, serve, monkeypatch):
    def refuse(temporary, path):
        path.write_bytes(b"cats")
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(RuntimeError, match="Access is denied"):
        fetch(tmp_path, serve(good))


def test_interrupted_write_leaves_nothing(tmp_path, serve, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(tmp_path, serve(good))

    assert stored(tmp_path) == {}


def test_rests_of_a_killed_write_are_cleared(tmp_path, serve):
    # After SIGKILL nobody could tidy up. (A living writer holds a lock on its file.)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / f".{LARGEST}.0123456789abcdef.tmp").write_bytes(b"half")

    fetch(tmp_path, serve(good))

    assert stored(tmp_path) == COMPLETE


# -- The stand-in ------------------------------------------------------------------


def test_without_network_the_stand_in_is_used_and_named(tmp_path, no_network):
    from sklearn.datasets import load_digits
    from torchvision.datasets import MNIST

    source = mnist_root(stand_in=True, cache=tmp_path)

    assert source.is_stand_in
    assert source.description.startswith(
        "stand-in: scikit-learn digits (1,497 + 300 images, MD5 "
    )
    assert "Network is unreachable" in source.reason
    assert str(tmp_path) not in source.description
    for language, word in (("zh", "代替"), ("en", "In its place")):
        assert word in stand_in_notice(source, language=language)
    digits = load_digits()
    train, test = MNIST(source.root, train=True), MNIST(source.root, train=False)
    assert [*train.targets.tolist(), *test.targets.tolist()] == digits.target.tolist()
    images = torch.cat([train.data, test.data])
    assert images.shape == (1797, 28, 28)
    assert images[:, :4].max() == images[:, :, 24:].max() == 0
    # PyTorch's own enlargement is the oracle, up to the rounding to whole levels.
    small = torch.tensor(digits.images).unsqueeze(1) * (255 / 16)  # (N, 1, 8, 8)
    large = nn.functional.interpolate(small, size=(20, 20), mode="bilinear")
    inner = images[:, 4:24, 4:24]
    assert (inner - large.squeeze(1)).abs().max() <= 0.5 + 1e-9


def test_stand_in_is_refused_unless_asked_for(tmp_path, no_network):
    with pytest.raises(RuntimeError, match="Network is unreachable"):
        mnist_root(stand_in=False, cache=tmp_path)

    assert stored(tmp_path) == {}


def test_stand_in_is_refused_when_mnist_is_required(tmp_path, no_network, monkeypatch):
    monkeypatch.setenv("NN_TUTORIAL_REQUIRE_MNIST", "1")

    with pytest.raises(RuntimeError, match="Network is unreachable"):
        mnist_root(stand_in=True, cache=tmp_path)


def test_folder_with_the_stand_in_is_recognized(tmp_path, no_network, monkeypatch):
    made = mnist_root(stand_in=True, cache=tmp_path)
    monkeypatch.setenv("NN_TUTORIAL_DATA", str(made.root))

    found = mnist_root(stand_in=True)

    assert found.is_stand_in
    assert found[:4] == made[:4]
    with pytest.raises(RuntimeError, match="holds the stand-in"):
        mnist_root(stand_in=False)
    monkeypatch.setenv("NN_TUTORIAL_REQUIRE_MNIST", "1")
    with pytest.raises(RuntimeError, match="holds the stand-in"):
        mnist_root(stand_in=True)


def test_damaged_stand_in_is_written_again(tmp_path, no_network):
    made = mnist_root(stand_in=True, cache=tmp_path)
    before = stored(tmp_path)
    (made.root / "MNIST" / "raw" / LARGEST).write_bytes(b"cats")

    mnist_root(stand_in=True, cache=tmp_path)

    assert stored(tmp_path) == before


def test_missing_scikit_learn_is_an_error_that_says_what_to_install(
    tmp_path, no_network, monkeypatch
):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)

    with pytest.raises(
        ModuleNotFoundError, match=r"python -m pip install scikit-learn$"
    ):
        mnist_root(stand_in=True, cache=tmp_path)


# -- The progress bar --------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until the test moves it."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def draw_bar(stream, clock, monkeypatch, *, seconds_a_step):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress_bar("MNIST", 10) as show:
        for n_done in range(1, 11):
            clock[0] += seconds_a_step
            show(n_done)
    return stream.getvalue()


def percentages(drawn):
    return [text.rpartition("]")[2].strip() for text in drawn.split("\r")[1:]]


def test_progress_bar_is_there_from_the_start_and_stays(clock, monkeypatch):
    drawn = draw_bar(Terminal(), clock, monkeypatch, seconds_a_step=0.25)

    tenths = [f"{10 * n}%" for n in range(11)]
    assert percentages(drawn) == tenths
    assert drawn.startswith("\rMNIST [" + 40 * "." + "]   0%\rMNIST [####" + 36 * ".")
    assert drawn.endswith("\rMNIST [" + 40 * "#" + "] 100%\n")


def test_progress_bar_is_drawn_ten_times_a_second_at_most(clock, monkeypatch):
    drawn = draw_bar(Terminal(), clock, monkeypatch, seconds_a_step=0.04)

    assert percentages(drawn)[:-2] == ["0%", "30%", "60%", "90%", "100%"]


def test_short_wait_leaves_no_progress_bar_behind(clock, monkeypatch):
    drawn = draw_bar(Terminal(), clock, monkeypatch, seconds_a_step=0.19)

    # What a terminal shows of it: each carriage return writes over the line.
    line = ""
    for text in drawn.split("\r"):
        line = text + line[len(text) :]
    assert "100%" in drawn
    assert line.strip() == ""


def test_page_gets_no_progress_bar(clock, monkeypatch):
    assert draw_bar(io.StringIO(), clock, monkeypatch, seconds_a_step=5) == ""


def test_nothing_to_do_draws_no_progress_bar(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    assert list(with_progress([], "nothing")) == []
    assert terminal.getvalue() == ""


def test_progress_follows_the_items_of_a_loop(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    seen = []

    for item in with_progress("abcd", "letters"):
        seen.append((item, percentages(terminal.getvalue())[-1]))
        clock[0] += 1.5

    assert seen == [("a", "0%"), ("b", "25%"), ("c", "50%"), ("d", "75%")]
    assert percentages(terminal.getvalue())[-1] == "100%"


def test_progress_bar_ends_its_line_when_the_loop_fails(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with pytest.raises(ZeroDivisionError):
        for _ in with_progress(range(2), "letters"):
            clock[0] += 3
            raise ZeroDivisionError

    assert terminal.getvalue().endswith("]   0%\n")


# -- In memory ---------------------------------------------------------------------


def test_tensors_equal_what_torchvision_transforms_one_by_one(tmp_path):
    from torchvision import transforms
    from torchvision.datasets import MNIST

    scale = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
    )
    write_complete(tmp_path)
    for train in (True, False):
        dataset = MNIST(tmp_path, train=train, transform=scale)
        expected = torch.stack([image.flatten() for image, _ in dataset])

        inputs, targets = load_tensors(tmp_path, train=train)

        assert torch.equal(inputs, expected)
        assert torch.equal(targets, dataset.targets)
        assert targets.dtype == torch.int64


def test_missing_files_are_an_error_that_says_where_to_get_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist: pass the root that"):
        load_tensors(tmp_path, train=True)


# 2**31 images of a pixel each, and 2**96 pixels that a product of 32 bits calls none.
HUGE = [bytes([0, 0, 8, 3]) + bytes([128, 0, 0, 0]) + bytes([0, 0, 0, 1]) * 2]
HUGE += [bytes([0, 0, 8, 3]) + bytes([255, 255, 255, 255]) * 3]


@pytest.mark.parametrize(
    "content", [CONTENT[LARGEST][:-1], b"cats", b"", *HUGE, CONTENT[LARGEST][:9]]
)
def test_file_of_another_format_is_refused(tmp_path, content):
    write_complete(tmp_path)
    (tmp_path / "MNIST" / "raw" / LARGEST).write_bytes(content)

    with pytest.raises(ValueError, match="not an MNIST file of 3 dimensions"):
        load_tensors(tmp_path, train=True)


def test_batches_hold_every_row_once_with_its_target():
    inputs = torch.arange(10.0).unsqueeze(1)  # (10, 1)
    targets = torch.arange(10) * 7
    generator = torch.Generator().manual_seed(0)

    batches = list(
        in_memory_batches(inputs, targets, batch_size=4, generator=generator)
    )

    assert [len(y) for _, y in batches] == [4, 4, 2]
    for x, y in batches:
        assert torch.equal(x.flatten() * 7, y.float())
    rows = torch.cat([y for _, y in batches]) // 7
    # The oracle of the order is torch.randperm with the same seed.
    expected = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    assert torch.equal(rows, expected)


def test_batches_refuse_lengths_that_differ():
    with pytest.raises(ValueError, match="3 inputs but 2 targets"):
        next(in_memory_batches(torch.zeros(3, 1), torch.zeros(2), batch_size=1))


def test_captured_step_matches_hand_arithmetic():
    # One weight, two classes with the logits (w x, 0), x = 2, right class 0. From
    # w = 0 both probabilities are 1/2: loss ln 2, dloss/dw = x (1/2 - 1) = -1.
    class OneWeight(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return torch.cat([self.w * x, torch.zeros_like(x)], dim=1)

    model = OneWeight()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    inputs, targets = torch.tensor([[9.0], [2.0]]), torch.tensor([1, 0])

    train = captured_step(model, optimizer, inputs, targets, batch_size=1)
    loss = train(torch.tensor([1]))

    assert loss.item() == pytest.approx(np.log(2))
    assert model.w.item() == pytest.approx(0.25)
    # The second step, from w = 1/4: dloss/dw = 2 (p - 1), p = 1 / (1 + exp(-1/2)).
    train(torch.tensor([1]))
    p = 1 / (1 + np.exp(-0.5))
    assert model.w.item() == pytest.approx(0.25 - 0.25 * 2 * (p - 1))


@pytest.mark.parametrize(
    "make",
    [torch.optim.Adam, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)],
    ids=["Adam", "momentum"],
)
def test_captured_step_refuses_an_optimizer_with_state(make):
    model = nn.Linear(1, 2)
    data = torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64)

    with pytest.raises(ValueError, match=r"use torch\.optim\.SGD without momentum"):
        captured_step(model, make(model.parameters()), *data, batch_size=1)


# -- The real thing ----------------------------------------------------------------


def test_packed_checksums_are_those_of_torchvision():
    from torchvision.datasets import MNIST

    ours = {(f"{file.name}.gz", file.gz_md5) for file in MNIST_FILES}
    assert ours == set(MNIST.resources)


@pytest.mark.skipif(not REAL_DATA, reason="NN_TUTORIAL_DATA names no folder")
def test_named_folder_holds_the_published_set(monkeypatch):
    monkeypatch.setenv("NN_TUTORIAL_DATA", REAL_DATA)
    source = mnist_root(stand_in=True)
    inputs, targets = load_tensors(source.root, train=True)
    if source.is_stand_in:
        assert inputs.shape == (1497, 784)
        return
    assert source.description.startswith("MNIST (60,000 + 10,000 images, MD5 ")
    # Counts of the digits in the training set, as published with the data.
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert targets.bincount().tolist() == published
    # The mean gray level that every tutorial quotes: 0.1307 on the scale [0, 1].
    assert inputs.mean().item() == pytest.approx(2 * 0.1307 - 1, abs=1e-4)
