"""Execute every chapter once, before Sphinx reads any: each finds its result.

jupyter-cache has an executor of its own. It reads pages without knowing of their two
languages, starts kernels on TCP ports, and does not say which chapter it is at.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from traitlets.config import Config

from nn_book import DOCS
from nn_book.execute.cache import fingerprint, prepare_cache, read_page
from nn_book.execute.data import find_data, needs_mnist
from nn_book.execute.gpu_results import show_kept

ANSI = re.compile(r"\x1b\[[0-9;]*m")
PRINTED_MAX = 5_000_000  # characters of one cell
TIMEOUT_S = 600  # of one cell

# Whether Sphinx may execute what it does not find in the cache. The build has executed
# all: a page that is not there has other cells in its other language.
sphinx_may_execute = True


@lru_cache
def prepare_environment() -> bool:
    """Set what the kernels see; whoever asks about the cache has to see it, too.

    Feedback of exercises comes in both languages, because one run serves both; the page
    shows its own (see ``source/bilingual``).

    Returns:
        Whether the stand-in has to do for MNIST.
    """
    os.environ["NN_TUTORIAL_LANG"] = "both"
    os.environ.setdefault("NN_TUTORIAL_DEVICE", "cpu")
    # Not the user's profile.
    os.environ["IPYTHONDIR"] = str(DOCS / "_build" / "ipython")
    return find_data(DOCS / "chapters")


def filled_cache() -> JupyterCacheBase:
    """Return the cache of this fingerprint, with what a GPU run has left in it."""
    cache = get_cache(prepare_cache())
    if os.environ["NN_TUTORIAL_DEVICE"] == "cpu":  # any other has results of its own
        show_kept(cache)
    return cache


def pages_with_code() -> list[Path]:
    """Return the pages to execute, those that need MNIST first.

    The long ones first keep every core busy until the end; dealt one by one, they go to
    different shares.
    """
    pages = [
        page
        for page in DOCS.rglob("*.md")
        if not page.relative_to(DOCS).parts[0].startswith("_")
        and "```{code-cell}" in page.read_text("utf8")
    ]
    return sorted(pages, key=lambda page: (not needs_mnist(page), page))


def execute_pages(pages: Iterable[Path], *, jobs: int) -> int:
    """Execute the pages whose result is not in the cache, and put it there.

    Pages with the same code have one place in the cache, which knows only the code: one
    of them is executed.

    Args:
        pages: Sources, in the order in which they are started.
        jobs: How many are executed at the same time.

    Returns:
        How many had to be executed.

    Raises:
        SystemExit: If any of them failed, after all were tried.
    """
    cache = filled_cache()
    waiting: dict[str, tuple[Path, NotebookNode]] = {}
    for page in pages:
        notebook = read_page(page)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            _, name = cache.create_hashed_notebook(notebook)
            waiting.setdefault(name, (page, notebook))
    for page, result in results(dict(waiting.values()), jobs=jobs):
        data = {"execution_seconds": result.time}
        bundle = CacheBundleIn(result.nb, str(page), data=data)
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return len(waiting)


def results(
    notebooks: dict[Path, NotebookNode], *, jobs: int
) -> Iterator[tuple[Path, ExecutionResult]]:
    """Execute pages and yield those that succeed, each as soon as it has.

    Raises:
        SystemExit: If any of them failed, after all were tried.
    """
    done: list[Path] = []

    def start(page: Path) -> ExecutionResult:
        told = f"{len(done)} of {len(notebooks)} chapters executed, now {page.stem}\n"
        print(told, end="", flush=True)  # at once: threads write here together
        with tempfile.TemporaryDirectory() as cwd:  # what a chapter saves does not stay
            options = {"cwd": cwd, "timeout": TIMEOUT_S, "allow_errors": False}
            result = execute(notebooks[page], **options)
        done.append(page)
        return result

    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        tasks = {pool.submit(start, page): page for page in notebooks}
        for task in as_completed(tasks):
            page, result = tasks[task], task.result()
            if result.err is None:
                print(f"{page.stem}: executed in {result.time:.1f} s\n", end="")
                yield page, result
            else:
                failed += 1
                print(f"{page}: its execution failed:\n{result.exc_string}\n", end="")
    if failed:
        told = f"{failed} of {len(notebooks)} chapters failed"
        sys.exit(f"{told}: the messages above name page and cell")


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


def execute_for_sphinx(notebook: NotebookNode, **options: object) -> ExecutionResult:
    """Execute a chapter that Sphinx has not found in the cache, or refuse to."""
    if sphinx_may_execute:
        return execute(notebook, **options)
    said = "code cells or their metadata differ between the languages"
    return ExecutionResult(notebook, "", 0.0, RuntimeError(said), said)


def setup(app: Sphinx) -> dict[str, bool]:
    """Read every page again when the fingerprint has changed."""
    app.setup_extension("nn_book.patches")
    app.add_config_value("execution_fingerprint", fingerprint(), "env", str)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
