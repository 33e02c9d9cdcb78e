"""Fill in the files of ``templates/``, in which every format keeps its frame."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html", "xhtml", "opf", "xml"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def fill(template: str, **values: object) -> str:
    """Return a file of ``templates/`` with values in it.

    Args:
        template: Its name; what goes into HTML or XML is escaped, if not ``Markup``.
        values: What it asks for; one that is missing is an error.
    """
    return TEMPLATES.get_template(template).render(values)
