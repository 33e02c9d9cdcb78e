"""What the book is built with, in the order in which a page passes through it.

    source    one file holds both languages; the lint keeps them equal
    execute   chapters are executed once, and cached
    render    pages as the reader sees them
    offer     a notebook and a script of each chapter
    publish   the site, and the whole book as zip, EPUB and PDF

``python -m nn_book.build`` goes all the way. The package is installed for the book's
own commands and is not part of the wheel of ``nn_tutorial``.
"""

import os
from pathlib import Path

# The folder with conf.py; tests build small books elsewhere.
DOCS = Path(os.environ.get("NN_BOOK_DOCS") or Path(__file__).parents[2]).resolve()

# The tags of the two languages, as HTML and maps of sites write them.
TAGS = {"zh": "zh-CN", "en": "en"}
