"""One Sphinx configuration for both languages: ``sphinx-build -t zh`` or ``-t en``."""

from nn_book import settings
from nn_book.publish.whole_book import AUTHOR
from nn_book.source.reader import MYST_EXTENSIONS

# -- The book -------------------------------------------------------------------
zh = tags.has("zh")  # noqa: F821  (Sphinx puts `tags` into this file)
language = "zh_CN" if zh else "en"  # with plain "zh" the theme stays English
project = "PyTorch 神经网络教程" if zh else "Neural networks in PyTorch"
author = AUTHOR[language[:2]]
project_copyright = "文字 CC BY 4.0，代码 MIT" if zh else "text CC BY 4.0, code MIT"

# -- Sphinx ---------------------------------------------------------------------
extensions = [
    "nn_book.source.bilingual",
    "nn_book.render.cells",
    "nn_book.render.changes",
    "nn_book.offer.downloads",
    "nn_book.execute.execution",
    "nn_book.render.pictures",
    "nn_book.render.links",
    "nn_book.render.layout",
    "nn_book.render.mathml",
    "nn_book.render.measurements",
    "myst_nb",
    "nn_book.render.digit_weights",
    "nn_book.render.demos",
    "nn_book.render.playground",
    "nn_book.render.search",
    "nn_book.render.weight",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_reredirects",
    "sphinx_book_theme",
]
exclude_patterns = ["_build", "machinery", "_static", "theme", "root", "inventories"]
templates_path = ["theme/components"]
numfig = math_numfig = True  # by chapter, see nn_book.render.layout
nitpicky = True
# A type variable, and types of arguments that no chapter uses.
UNDOCUMENTED = ("progress.Item", "mnist.MnistFile", "saving._Stateful")
nitpick_ignore = [("py:class", f"nn_tutorial.{name}") for name in UNDOCUMENTED]

# -- MyST -----------------------------------------------------------------------
myst_enable_extensions = MYST_EXTENSIONS
myst_heading_anchors = 3
myst_update_mathjax = False  # there is none, see nn_book.render.mathml

# -- Reference ------------------------------------------------------------------
default_role = "code"  # of `names` in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented"  # or a type stands twice
autodoc_preserve_defaults = True  # `nn.Tanh`, not what Python prints of it
napoleon_custom_sections = [("Source", "notes_style"), ("Shape", "notes_style")]
napoleon_use_ivar = True

# -- Execution ------------------------------------------------------------------
globals().update(settings.execute(language[:2]))
nb_code_prompt_show = "显示代码" if zh else "Show code"
nb_code_prompt_hide = "隐藏代码" if zh else "Hide code"

# -- HTML -----------------------------------------------------------------------
html_theme = "theme"  # the folder, which inherits sphinx_book_theme
html_theme_path = ["."]
locale_dirs = ["theme/locale"]  # what the theme's catalogs leave in English, and ours
html_title = project
html_static_path = ["_static"]
html_copy_source = False
html_use_index = html_domain_indices = False  # the search and the glossary find more
html_permalinks_icon = "#"
globals().update(settings.publish(language[:2]))
