"""Chinese words in the figures of Chinese pages, without drawing anything again.

The cells of a chapter write English words into figures (``xlabel="loss"``), and run
once for both languages. Matplotlib draws letters as shapes; of those that make up a
word, `nn_tutorial.plotting.svg` and films keep the word itself. Here a Chinese page
puts text in its place, at the same spot and of the same size, in the reader's own
Chinese font. What each word is in Chinese stands in ``docs/figure_words.toml``.
"""

import html
import json
import re
import tomllib
from functools import cache
from itertools import count

from nn_book import DOCS

TABLE = DOCS / "figure_words.toml"
FONTS = "PingFang SC,Noto Sans SC,Noto Sans CJK SC,Microsoft YaHei,sans-serif"
LETTERS = re.compile(
    r'<g(?P<before>[^<>]*) data-text="(?P<text>[^"]*)" text-anchor="(?P<anchor>\w+)"'
    r"(?P<after>[^<>]*)>(?P<shapes>(?:<(?:use|path|rect)\b[^<>]*/>)*)</g>"
)
PLACE = re.compile(r' transform="(?P<place>[^"]*?) ?scale\((?P<scale>[\d.]+) [^)]*\)"')
LABELS = re.compile(r'(?<= data-labels=")[^"]*')

NUMBER = r"(\d+(?:[.,]\d+)*)"


@cache
def table() -> tuple[list[tuple[re.Pattern[str], str]], set[str]]:
    """Return the words to look for, long ones first, and the names that stay."""
    content = tomllib.loads(TABLE.read_text("utf8"))
    words = sorted(content["words"].items(), key=lambda pair: -len(pair[0]))
    patterns = []
    for english, chinese in words:
        pattern = re.escape(english).replace(r"\{\}", NUMBER)
        numbers = (rf"\{number}" for number in count(1))
        replacement = re.sub(r"\{\}", lambda _: next(numbers), chinese)  # noqa: B023
        patterns.append((re.compile(rf"(?<!\w){pattern}(?!\w)"), replacement))
    return patterns, set(content["names"])


def in_chinese(text: str) -> str:
    """Return a text of a figure with its words in Chinese.

    Raises:
        ValueError: If a word is neither in the table nor a name.
    """
    patterns, names = table()
    chinese = text
    for pattern, words in patterns:
        chinese = pattern.sub(words, chinese)
    if chinese != text:
        chinese = chinese.replace(": ", "：").replace(", ", "，")
    rest = re.findall(r"[^\W\d_]{2,}", re.sub(r"\$.*?\$", "", chinese), re.ASCII)
    if unknown := [word for word in rest if word not in names]:
        message = f"{' '.join(unknown)!r} of the figure text {text!r} has no Chinese"
        raise ValueError(f"{message}: add it to docs/{TABLE.name}")
    return chinese


def with_words(svg: str, lang: str) -> str:
    """Return a picture of `compact_svg`, or a film, with the words of one language.

    Raises:
        ValueError: If a word has no Chinese.
    """
    if lang == "en":
        return LETTERS.sub(r"<g\g<before>\g<after>>\g<shapes></g>", svg)
    translated = LETTERS.sub(text_of, svg)
    if translated != svg:
        # Letters that nothing needs any more.
        for letter in re.findall(r'<path id="[^<>]*/>', translated):
            name = letter.split('"')[1]
            if f'"#{name}"' not in translated and f"(#{name})" not in translated:
                translated = translated.replace(letter, "", 1)
    if LABELS.search(translated):
        return labels_of(translated)
    # A file does not know the language and the fonts of the page around it.
    named = f'<svg xml:lang="zh-CN" font-family="{FONTS}"'
    return translated.replace("<svg", named, 1) if "<text" in translated else translated


def text_of(letters: re.Match[str]) -> str:
    """Return the letters of one text, or Chinese words in their place."""
    text = html.unescape(letters["text"])
    attributes = letters["before"] + letters["after"]
    chinese = in_chinese(text)
    if chinese == text:  # a name
        return f"<g{attributes}>{letters['shapes']}</g>"
    # It brings Matplotlib, which a build that has nothing to draw does without.
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    place = PLACE.search(attributes)
    size = 100 * float(place["scale"] if place else 1)
    style = FontProperties(size=size)
    width, *_ = text_to_path.get_text_width_height_descent(text, style, "$" in text)
    # The label of an axis on the right side is centred, too.
    anchor = "middle" if "rotate" in attributes else letters["anchor"]
    part = {"start": 0, "middle": 0.5, "end": 1}[anchor]
    attributes = PLACE.sub(r' transform="\g<place>"', attributes)
    # A formula of one letter is in italics.
    words = re.sub(
        r"\$(\w)\$",
        r'<tspan font-style="italic">\1</tspan>',
        html.escape(chinese, quote=False),
    )
    return (
        f'<text{attributes} x="{part * width:.4g}" text-anchor="{anchor}" '
        f'font-size="{size:g}">{words}</text>'
    )


def labels_of(film: str) -> str:
    """Return a film whose label of each frame is Chinese."""
    found = LABELS.search(film)
    labels = json.loads(html.unescape(found[0] if found else "[]"))
    chinese = [in_chinese(label) for label in labels]
    told = html.escape(json.dumps(chinese, ensure_ascii=False))
    last = re.escape(html.escape(labels[-1]))
    film = LABELS.sub(lambda _: told, film, count=1)
    film = re.sub(
        rf'(aria-(?:label|valuetext)="){last}"',
        lambda said: f'{said[1]}{html.escape(chinese[-1])}"',
        film,
    )
    last = re.escape(html.escape(labels[-1], quote=False))
    shown = html.escape(chinese[-1], quote=False)
    return re.sub(rf">{last}</output>", lambda _: f">{shown}</output>", film)
