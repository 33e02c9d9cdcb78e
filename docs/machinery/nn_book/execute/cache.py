"""Under which name a result is kept: what decides it, and nothing else.

jupyter-cache keys an executed chapter on its cells alone. What else decides an
output goes into the name of the cache folder: see :func:`fingerprint`.
"""

import hashlib
import json
import os
import platform
import shutil
from importlib import metadata
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode

from nn_book import DOCS
from nn_book.execute.data import package_source
from nn_book.source.bilingual import select
from nn_book.source.reader import CONFIG

CACHE = DOCS / "_build" / "cache"
KEPT = DOCS / "_build" / "gpu"  # results of `nox -s gpu`
KEPT_CACHES = 2  # the one in use and the one before it (a branch switched back)
PACKAGES = ["torch", "torchvision", "numpy", "matplotlib", "scikit-learn"]


def package_version(name: str) -> str:
    """Return the version of an installed package, "absent" if there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


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


def prepare_cache() -> Path:
    """Return the cache folder of this fingerprint, without what a kill has broken.

    Older folders are removed, all but the last one used.
    """
    path = CACHE / fingerprint()
    path.mkdir(parents=True, exist_ok=True)
    os.utime(path)
    by_age = sorted(CACHE.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
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


def read_page(page: Path) -> NotebookNode:
    """Return the code cells of a page as MyST-NB reads them, not executed."""
    source = select(page.read_text("utf8"), "en")  # the cells are those of both
    notebook = read_myst_markdown_notebook(source, CONFIG, path=page)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return notebook
