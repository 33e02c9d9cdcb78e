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
import sys

import torch
from nbformat import NotebookNode

from nn_book import DOCS
from nn_book.execute import execution, gpu_results, measure
from nn_book.execute.cache import KEPT, read_page
from nn_book.execute.data import needs_mnist
from nn_book.lock import replaced

CUDA = "PyTorch {torch} sees a CUDA GPU"
NO_CUDA = """\
PyTorch {torch} sees no CUDA GPU here: nothing was run, nothing was changed.
This needs an NVIDIA GPU, its driver, and a PyTorch built for CUDA."""
NO_CUDA_CODE = 3  # the exit status that says so


def prepare_kernels() -> None:
    """Set what the kernels see: as the build does, but with CUDA."""
    os.environ["NN_TUTORIAL_DEVICE"] = "cuda"
    os.environ["PYTHONUTF8"] = "1"
    # The package of this clone, installed or not: the key names its source.
    path = [str(DOCS.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    execution.prepare_environment()


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
    """Execute all pages that need MNIST; put the results in place when all is well.

    Raises:
        SystemExit: If a cell fails, or writes to stderr what no page may show.
    """
    pages = sorted(filter(needs_mnist, (DOCS / "chapters").glob("*.md")))
    if not pages:
        sys.exit("no chapter needs MNIST: there is nothing to run")
    prepare_kernels()
    notebooks = {page: read_page(page) for page in pages}
    try:
        with replaced(KEPT) as folder:
            for page, result in execution.results(notebooks, jobs=1):
                if complaint := unexplained(result.nb):
                    sys.exit(f"{page.name}: {complaint}\nthe build would refuse it")
                path = folder / f"{page.stem}.ipynb"
                gpu_results.save(result.nb, path, seconds=result.time)
    except SystemExit as error:
        sys.exit(f"{error}\nnothing was kept")
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
        measure.write()
    elif not options.check:
        run()


if __name__ == "__main__":
    main()
