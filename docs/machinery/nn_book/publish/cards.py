"""Draw the pictures that show the book elsewhere: cards of links, covers of EPUBs.

    python -m nn_book.publish.cards

Writes ``docs/root/card-*.png``, 1200 x 630 pixels, and ``docs/covers/``, which are kept
in the repository: a machine that builds the book may have no Chinese font. The words of
a card are those of ``docs/root/index.html``; a cover is that of the PDF, made from
``site/``. Needs a Chromium and a Chinese font.

Each card says in its own metadata what is written on it and where each character of the
title stands, so that a test can look at them.
"""

import io
import json
import sys
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from markupsafe import Markup
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page

from nn_book import DOCS
from nn_book.publish.pdf import SITE, as_html, chromium, opened, prepare
from nn_book.publish.whole_book import LANGUAGES, BookError, read_book
from nn_book.templating import fill

CARD = {"width": 1200, "height": 630}
COVER = {"width": 600, "height": 960}  # drawn half as large again
COLORS = 64  # no picture has more, and few make a small file
BOXES = """() => {
  const text = document.querySelector("h1").firstChild;
  return [...text.data].map((character, place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    const box = range.getBoundingClientRect();
    const edges = [box.left, box.top, box.right, box.bottom];
    return [character, ...edges.map(Math.round)];
  });
}"""


def draw_card(section: Tag, browser: Browser) -> None:
    """Draw the card of a language, from its part of ``docs/root/index.html``."""
    title, line = (tag.text for tag in section.select("h1, p"))
    tag = str(section["lang"])
    flower = Markup((DOCS / "_static" / "icon.svg").read_text(encoding="utf8"))
    text = fill("card.html", tag=tag, title=title, line=line, flower=flower)
    with opened(text, browser, viewport=CARD) as tab:
        told = PngInfo()
        told.add_itxt("Title", title)
        told.add_itxt("Description", line)
        told.add_itxt("Boxes", json.dumps(tab.evaluate(BOXES), ensure_ascii=False))
        save(tab, DOCS / "root" / f"card-{tag[:2]}.png", told)


def draw_cover(language: str, browser: Browser) -> None:
    """Draw the cover of the EPUB of one language, from its built pages."""
    book = read_book(SITE / language)
    prepare(book, book.pages[0])
    book.about = book.about.partition("\n")[0]  # not the commit: it is drawn once
    text = as_html(book, [], {})
    with opened(text, browser, viewport=COVER, device_scale_factor=1.5) as tab:
        save(tab, DOCS / "covers" / f"{language}.png")


def save(tab: Page, path: Path, told: PngInfo | None = None) -> None:
    """Save what a tab shows, and what the picture says of itself."""
    picture = Image.open(io.BytesIO(tab.screenshot()))
    picture.convert("RGB").quantize(COLORS).save(path, optimize=True, pnginfo=told)
    print(f"{path.relative_to(DOCS.parent)}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Draw the card and the cover of each language."""
    door = BeautifulSoup((DOCS / "root/index.html").read_text("utf8"), "html.parser")
    try:
        with chromium() as browser:
            for section in door.select("main section"):
                draw_card(section, browser)
            for language in LANGUAGES:
                draw_cover(language, browser)
    except BookError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
