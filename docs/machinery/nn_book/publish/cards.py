"""Draw the pictures that other places show beside a link to the book.

    python -m nn_book.publish.cards

Writes ``docs/root/card-zh.png`` and ``card-en.png``, 1200 x 630 pixels, which are kept
in the repository: a machine that builds the book may have no Chinese font. Title and
line below it are those of ``docs/root/index.html``. Needs Playwright, a Chromium (the
one that CHROMIUM names, or ``chromium``) and a Chinese font.

Each picture says in its own metadata what is written on it and where each character of
the title stands, so that a test can look at them.
"""

import io
import json
import os
import shutil

from bs4 import BeautifulSoup, Tag
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, ViewportSize, sync_playwright

from nn_book import DOCS

SIZE: ViewportSize = {"width": 1200, "height": 630}
COLORS = 64
CARD = """\
<!DOCTYPE html>
<html lang="{tag}">
<style>
  body {{ margin: 0; width: 1200px; height: 630px; display: flex; align-items: center;
         box-sizing: border-box; padding: 0 70px; gap: 50px; background: #fff;
         color: #1c2024; font-family: "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC",
         "Microsoft YaHei", "Liberation Sans", Arial, sans-serif; }}
  h1 {{ margin: 0 0 28px; font-size: 68px; line-height: 1.25; }}
  p {{ margin: 0; font-size: 33px; line-height: 1.5; color: #56606a; }}
  h1, p {{ text-wrap: balance; word-break: keep-all; overflow-wrap: anywhere; }}
  svg {{ flex: none; width: 380px; }}
</style>
<div><h1>{title}</h1><p>{line}</p></div>
{flower}
"""
BOXES = """() => {
  const text = document.querySelector("h1").firstChild;
  return [...text.data].map((character, place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    const box = range.getBoundingClientRect();
    return [character, box.left, box.top, box.right, box.bottom].map(
      (value) => typeof value === "number" ? Math.round(value) : value);
  });
}"""


def draw(tab: Page, section: Tag) -> tuple[Image.Image, PngInfo]:
    """Return the card for one language, and what is written on it.

    Args:
        tab: An open tab of the browser.
        section: The part of ``docs/root/index.html`` in that language.
    """
    title, line = (tag.text for tag in section.select("h1, p"))
    flower = (DOCS / "_static" / "icon.svg").read_text(encoding="utf8")
    page = CARD.format(tag=section["lang"], title=title, line=line, flower=flower)
    tab.set_content(page)
    picture = Image.open(io.BytesIO(tab.screenshot()))
    told = PngInfo()
    told.add_itxt("Title", title)
    told.add_itxt("Description", line)
    told.add_itxt("Boxes", json.dumps(tab.evaluate(BOXES), ensure_ascii=False))
    return picture.convert("RGB").quantize(COLORS), told


def main() -> None:
    """Draw both cards."""
    text = (DOCS / "root" / "index.html").read_text(encoding="utf8")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--disable-gpu", *(["--no-sandbox"] if root else [])],
        )
        tab = browser.new_page(viewport=SIZE)
        for section in BeautifulSoup(text, "html.parser").select("main section"):
            picture, told = draw(tab, section)
            path = DOCS / "root" / f"card-{section['lang'][:2]}.png"
            picture.save(path, optimize=True, pnginfo=told)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
