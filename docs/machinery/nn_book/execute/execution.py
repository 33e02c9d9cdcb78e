"""When a chapter is executed again, and how parallel execution stays safe.

jupyter-cache keys an executed chapter on its cells alone. What else decides an
output goes into the name of the cache folder: see :func:`fingerprint`.
"""

import hashlib
import json
import multiprocessing
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any, TextIO

from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from traitlets.config import Config

from nn_book import DOCS

KEPT = DOCS / "_build" / "gpu"  # results of `nox -s gpu`
KEPT_CACHES = 2  # the one in use and the one before it (a branch switched back)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
DATA_FOUND = DOCS / "_build" / "data.json"  # which data, where, and who was asked
DATA_VARIABLES = (
    *("NN_TUTORIAL_DATA", "NN_TUTORIAL_MIRROR", "NN_TUTORIAL_REQUIRE_MNIST"),
    *("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"),
)
PRINTED_MAX = 5_000_000  # characters of one cell
MIRRORS_REST_S = 3600
PACKAGES = ["torch", "torchvision", "numpy", "matplotlib", "scikit-learn"]


def package_version(name: str) -> str:
    """Return the version of an installed package, "absent" if there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def package_source() -> list[Path]:
    """Return every source file of the installed ``nn_tutorial``, sorted."""
    spec = util.find_spec("nn_tutorial")
    [folder] = (spec and spec.submodule_search_locations) or []
    kinds = {".py", ".toml"}
    return sorted(p for p in Path(folder).rglob("*") if p.suffix in kinds)


def needs_mnist(page: Path) -> bool:
    """Say whether a page asks for MNIST: such pages are worth a GPU."""
    return "mnist_root(" in page.read_text("utf8")


def find_data(chapters: Path) -> bool:
    """Find MNIST, or its stand-in, once, and tell the kernels where it is.

    What is found belongs to the fingerprint: other data, other results. The download
    has its progress bar here, in the terminal, and not in the page that needs it.

    Args:
        chapters: Folder of the chapters; without one that asks for MNIST nothing is
            looked for.

    Returns:
        Whether the stand-in has to do.
    """
    if any(needs_mnist(page) for page in chapters.glob("*.md")):
        source = remembered_data() or look_for_data()
        print("\n".join(filter(None, [source["description"], source["reason"]])))
        os.environ["NN_TUTORIAL_DATA"] = source["root"]
        os.environ["NN_TUTORIAL_DATA_CHECKSUM"] = source["checksum"]
        return source["is_stand_in"]
    return False


def asked_for() -> dict[str, str | None]:
    """Return what decides which data are looked for, and how."""
    code = b"".join(path.read_bytes() for path in package_source())
    asked = {name: os.environ.get(name) for name in DATA_VARIABLES}
    return asked | {"code": hashlib.sha256(code).hexdigest()}


def files_of_data(root: str) -> dict[str, str]:
    """Return the MD5 of each file of MNIST that is in a folder."""
    return {
        path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        for path in Path(root, "MNIST", "raw").glob("*-ubyte")
    }


def remembered_data() -> dict[str, Any] | None:
    """Return what `look_for_data` has found before, if it still holds.

    That costs no import of PyTorch, and asks no mirror that has just been dead. The
    stand-in holds for an hour, unless it is what was asked for.
    """
    try:
        found = json.loads(DATA_FOUND.read_text("utf8"))
        if found["asked"] != asked_for():
            return None
        source = found["source"]
        if source["is_stand_in"] and not os.environ.get("NN_TUTORIAL_DATA"):
            if not 0 <= time.time() - found["time"] < MIRRORS_REST_S:
                return None
            source["reason"] += "\n(remembered: they are asked again after an hour)"
        return source if files_of_data(source["root"]) == found["files"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def look_for_data() -> dict[str, Any]:
    """Find or download the data, and remember which they are and where."""
    from nn_tutorial.mnist import mnist_root  # it brings PyTorch

    asked = asked_for()
    found = mnist_root(stand_in=True)
    source = found._asdict() | {"root": str(found.root)}
    said = {"asked": asked, "source": source, "time": time.time()}
    said["files"] = files_of_data(source["root"])
    DATA_FOUND.parent.mkdir(parents=True, exist_ok=True)
    part = DATA_FOUND.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(said), encoding="utf8")
    part.replace(DATA_FOUND)
    return source


def prepare_environment(docs: Path) -> bool:
    """Set what the kernels see; whoever asks about the cache has to see it, too.

    Feedback of exercises comes in both languages, because one run serves both; the page
    shows its own (see ``source/bilingual``).

    Args:
        docs: The folder with ``conf.py``.

    Returns:
        Whether the stand-in has to do for MNIST.
    """
    os.environ["NN_TUTORIAL_LANG"] = "both"
    os.environ.setdefault("NN_TUTORIAL_DEVICE", "cpu")
    os.environ["IPYTHONDIR"] = str(
        docs / "_build" / "ipython"
    )  # not the user's profile
    return find_data(docs / "chapters")


class Progress:
    """Says which chapter is executed, and how many were, of how many.

    Workers that were forked count together.
    """

    def __init__(self, total: int, terminal: TextIO) -> None:
        self.total, self.terminal = total, terminal
        self.done = multiprocessing.Value("i", 0)
        self.page = ""  # the one that this process is reading

    def start(self) -> None:
        """Tell that the page of this process is executed now."""
        done, total = self.done.value, max(self.total, self.done.value + 1)
        told = f"{done} of {total} chapters executed, now {self.page}"
        print(told, file=self.terminal, flush=True)

    def end(self) -> None:
        """Count one chapter more."""
        with self.done.get_lock():
            self.done.value += 1


progress: Progress | None = None  # set by the build; a preview has none


def pages_to_execute() -> list[Path]:
    """Return the pages whose result is not in the cache, as the book stands now."""
    from nn_book.execute import gpu_results, shares  # they need this module

    cache = get_cache(str(prepare_cache(DOCS / "_build" / "cache")))
    waiting = []
    for page in shares.pages_with_code():
        try:
            cache.match_cache_notebook(gpu_results.read_page(page))
        except KeyError:
            waiting.append(page)
    return waiting


def results_fingerprint() -> str:
    """Return a short name for what decides a result on any machine.

    That is: the source of ``nn_tutorial``, and the data found by `find_data`.
    """
    data = os.environ.get("NN_TUTORIAL_DATA_CHECKSUM", "no data")
    digest = hashlib.sha256(data.encode())
    for path in package_source():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def fingerprint() -> str:
    """Return a short name for everything besides the cells that decides an output.

    That is: `results_fingerprint`; the versions of Python and of the packages that
    compute or draw; the device; and the results that a GPU run has left, since pages
    show them.
    """
    parts = [results_fingerprint()]
    parts += [platform.python_version(), os.environ["NN_TUTORIAL_DEVICE"]]
    parts += [f"{name} {package_version(name)}" for name in PACKAGES]
    digest = hashlib.sha256("\n".join(parts).encode())
    for path in sorted(path for path in KEPT.glob("*") if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def prepare_cache(parent: Path) -> Path:
    """Return the cache folder of this fingerprint, usable by parallel workers.

    Older folders under ``parent`` are removed, all but the last one used.
    """
    path = parent / fingerprint()
    path.mkdir(parents=True, exist_ok=True)
    os.utime(path)
    by_age = sorted(parent.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in by_age[KEPT_CACHES:]:
        shutil.rmtree(old)
    forget_broken_records(get_cache(path))
    return path


def forget_broken_records(cache: JupyterCacheBase) -> None:
    """Drop records whose notebook a killed build left missing or half-written."""
    for record in NbCacheRecord.records_all(cache.db):  # .db creates the database
        path = cache._get_notebook_path_cache(record.hashkey)
        try:
            json.loads(path.read_text("utf8"))  # nbformat would validate: a second
        except (OSError, ValueError):
            NbCacheRecord.remove_record(record.pk, cache.db)
            # An empty folder would stop the new notebook from being written.
            shutil.rmtree(path.parent, ignore_errors=True)


def execute(notebook: NotebookNode, **options: object) -> ExecutionResult:
    """Execute one chapter; an error reads as the reader of a log needs it.

    The kernel's own log stays at errors (it warns of its transport at every start),
    and the report of a failed cell has the cell and the exception, no frames of the
    tools and no terminal colors.

    Which cell ended its kernel is told, too, and one that printed more than a page can
    show is an error.

    A kernel talks through sockets in a folder of its own, where the system has them.
    A TCP port is chosen by one process and opened by another, and a third can take it
    in between. A kernel that dies, or does not answer within a minute of its start, is
    an error like one of a cell, and so its page is named.
    """
    if progress:
        progress.start()
    quiet = ["--IPKernelApp.log_level=ERROR"]
    with tempfile.TemporaryDirectory(prefix="nn-", ignore_cleanup_errors=True) as own:
        sockets = {"transport": "ipc", "ip": f"{own}/kernel"}
        started: list[NotebookNode] = []

        def note(cell: NotebookNode, cell_index: int) -> None:
            started.append(cell)

        config = Config(KernelManager=sockets if os.name == "posix" else {})
        config.NotebookClient.on_cell_start = note
        try:
            result = single_nb_execution(
                notebook, extra_arguments=quiet, config=config, **options
            )
        except RuntimeError as error:  # this is what nbclient says of kernels
            result = ExecutionResult(notebook, options["cwd"], 0.0, error, "")
    if progress:
        progress.end()
    for cell in started:
        printed = sum(len(output.get("text", "")) for output in cell.get("outputs", []))
        if printed > PRINTED_MAX:
            cell.outputs = []
            said = f"a cell printed {printed / 1e6:.0f} MB, a page shows at most "
            said += f"{PRINTED_MAX / 1e6:.0f} MB:\n{cell.source}"
            result.err = RuntimeError(said)
    if result.err is not None:
        told = ANSI.sub("", str(result.err))
        if isinstance(result.err, DeadKernelError) and started:
            told += f"\nIt died in this cell:\n{started[-1].source}"
        result.exc_string = told
    return result


def one_page_each(pages: Sequence[str], nproc: int, maxbatch: int = 10) -> list[Any]:
    """Return a chunk for every page, the long MNIST chapters first.

    Sphinx hands each worker a run of neighboring pages. One page at a time, with the
    longest first, keeps every core busy until the end.
    """
    return [[page] for page in sorted(pages, key=lambda page: "mnist" not in page)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Read every page again when the fingerprint has changed."""
    app.setup_extension("nn_book.patches")
    app.add_config_value("execution_fingerprint", fingerprint(), "env", str)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
