"""Execute the pages that need MNIST on a CUDA GPU, and keep what they show.

    python -m nn_book.execute.gpu          execute, and keep what docs/_build/gpu/ gets
    python -m nn_book.execute.gpu --check  only say whether there is a GPU
    python -m nn_book.execute.gpu --measure  climb the ladder, write docs/measurements/

`nn_book.build` shows these results as long as page, package and data are the same;
the folder may be carried to another machine. All pages succeed, or the folder stays
as it was. CONTRIBUTING.md says what a machine without a package index must have.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from nbformat import NotebookNode

from nn_book import DOCS
from nn_book.execute import execution, gpu_results, measure
from nn_tutorial.mnist import with_progress

BUILD = DOCS / "_build"
TIMEOUT_S = 600  # of one cell, as in conf.py
CUDA = "PyTorch {torch} sees a CUDA GPU"
NO_CUDA = """\
PyTorch {torch} sees no CUDA GPU here: nothing was run, nothing was changed.
This needs an NVIDIA GPU, its driver, and a PyTorch built for CUDA."""
NO_CUDA_CODE = 3  # the exit status that says so


def prepare_kernels() -> None:
    """Set what the kernels see: as conf.py does, but with CUDA."""
    os.environ["NN_TUTORIAL_LANG"] = "both"
    os.environ["NN_TUTORIAL_DEVICE"] = "cuda"
    os.environ["IPYTHONDIR"] = str(BUILD / "ipython")
    os.environ["PYTHONUTF8"] = "1"
    # The package of this clone, installed or not: the key names its source.
    path = [str(DOCS.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))


def execute_page(page: Path, folder: Path) -> None:
    """Execute one page and write it into ``folder``.

    Raises:
        SystemExit: If a cell fails, or writes to stderr what no page may show.
    """
    notebook = gpu_results.read_page(page)
    cells: Any = with_progress(range(len(notebook.cells)), page.stem)
    next(cells, None)
    options = {
        "timeout": TIMEOUT_S,
        "allow_errors": False,
        "on_cell_executed": lambda **_: next(cells, None),
    }
    with tempfile.TemporaryDirectory() as cwd:  # what a chapter saves does not stay
        result = execution.execute(notebook, cwd=cwd, **options)
    cells.close()
    if result.err is not None:
        sys.exit(f"{page.name}: {result.exc_string}\n{page.name}: nothing was kept")
    if complaint := unexplained(notebook):
        sys.exit(f"{page.name}: {complaint}\nnothing was kept: docs would refuse it")
    print(f"{page.stem}: executed in {result.time:.1f} s", flush=True)
    gpu_results.save(notebook, folder / f"{page.stem}.ipynb", seconds=result.time)


def unexplained(notebook: NotebookNode) -> str:
    """Return what a cell wrote to stderr although its page does not show that."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "mystnb" in cell.metadata or {"remove-cell", "remove-stderr"} & set(tags):
            continue
        for output in cell.outputs:
            if output.get("name") == "stderr":
                return f"Cell In[{cell.execution_count}] wrote to stderr: {output.text}"
    return ""


def run() -> None:
    """Execute all pages that need MNIST; put the results in place when all is well."""
    pages = sorted(filter(execution.needs_mnist, (DOCS / "chapters").glob("*.md")))
    if not pages:
        sys.exit("no chapter needs MNIST: there is nothing to run")
    place = execution.KEPT
    new, old = place.with_suffix(".new"), place.with_suffix(".old")
    if old.exists() and not place.exists():
        old.rename(place)  # the run before was killed between the two renames below
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    prepare_kernels()
    execution.find_data(DOCS / "chapters")
    new.mkdir(parents=True)
    try:
        for page in pages:
            execute_page(page, new)
    except BaseException:
        shutil.rmtree(new)
        raise
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
    print(f"kept in {gpu_results.PLACE}; `nox -s docs` shows it while it holds")


def main() -> None:
    """Say whether there is a GPU, and use it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only look for a GPU")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the ladder for docs/measurements",
    )
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print(NO_CUDA.format(torch=torch.__version__))
        sys.exit(NO_CUDA_CODE)
    print(CUDA.format(torch=torch.__version__), flush=True)
    if options.measure:
        measure.main([])
    elif not options.check:
        run()


if __name__ == "__main__":
    main()
