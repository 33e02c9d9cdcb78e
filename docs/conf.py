"""One Sphinx configuration for both languages: ``sphinx-build -t zh`` or ``-t en``."""

import os
from pathlib import Path

from nn_book.execute import execution, gpu_results
from nn_book.publish.whole_book import (
    AUTHOR,
    FOLDER,
    checked_repository,
    file_name,
    wheel_name,
)
from nn_book.source.course import FOLDER as CHAPTERS
from nn_book.source.course import OLD_ADDRESSES

HERE = Path(__file__).parent

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
    "nn_book.render.inventories",
    "nn_book.render.layout",
    "nn_book.render.mathml",
    "nn_book.render.measurements",
    "myst_nb",
    "nn_book.render.digit_weights",
    "nn_book.render.demos",
    "nn_book.render.playground",
    "nn_book.render.search",
    "nn_book.render.source_links",
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
myst_enable_extensions = gpu_results.MYST_EXTENSIONS
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
stand_in = execution.prepare_environment(HERE)

nb_execution_mode = "cache"
nb_execution_cache_path = str(execution.prepare_cache(HERE / "_build" / "cache"))
if os.environ["NN_TUTORIAL_DEVICE"] == "cpu":  # any other has results of its own
    gpu_results.show_kept(HERE / "chapters", nb_execution_cache_path)
nb_execution_in_temp = True  # what a chapter saves does not litter the sources
nb_execution_timeout = 600
# A failed cell is a warning, which -W makes an error. Unlike execution_raise_on_error
# this names every chapter that fails, with its cell, also from a parallel worker.
nb_execution_show_tb = True
nb_output_stderr = "error"  # a warning nobody explains, or a missing glyph, is a fault
nb_merge_streams = True
nb_code_prompt_show = "显示代码" if zh else "Show code"
nb_code_prompt_hide = "隐藏代码" if zh else "Hide code"

# -- HTML -----------------------------------------------------------------------
stand_in_notice = (
    "这次构建没有用真正的 MNIST，用的是小得多的替代数据：有关章节的结果与真数据不同。"
    if zh
    else "This build uses a small stand-in, not the real MNIST: results in the "
    "chapters on it differ from those of the real data."
)
html_theme = "theme"  # the folder, which inherits sphinx_book_theme
html_theme_path = ["."]
html_theme_options = {"announcement": stand_in_notice if stand_in else ""}
locale_dirs = ["theme/locale"]  # what the theme's catalogs leave in English, and ours
html_title = project
html_static_path = ["_static"]
html_copy_source = False
html_use_index = html_domain_indices = False  # the search and the glossary find more
html_permalinks_icon = "#"
site_url = os.environ.get("NN_TUTORIAL_SITE_URL", "")  # known when it is published
html_baseurl = f"{site_url}{'zh' if zh else 'en'}/" if site_url else ""
# "owner/name", likewise
repository = checked_repository(os.environ.get("NN_TUTORIAL_REPOSITORY", ""))

redirects = {f"{CHAPTERS}{old}": f"{new}.html" for old, new in OLD_ADDRESSES.items()}
redirect_html_template_file = "theme/redirect.html"

# -- Downloads ------------------------------------------------------------------
# What nn_book.build puts beside the folders of the languages; the PDF adds itself.
downloads_book = {
    label: f"../{FOLDER}/{file_name(language[:2], ending)}"
    for label, ending in (
        ("网页（.zip）" if zh else "Web pages (.zip)", "zip"),
        ("电子书（.epub）" if zh else "E-book (.epub)", "epub"),
    )
}
downloads_repository = repository
# The package itself: published, or where notebook and script lie.
downloads_wheel = f"../{FOLDER}/{wheel_name()}"
downloads_wheel_address = f"{site_url}{FOLDER}/{wheel_name()}" if site_url else ""
