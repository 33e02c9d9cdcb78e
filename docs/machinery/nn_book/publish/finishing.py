"""What a built site gets as a whole, after both of its languages.

- Every page says from which commit of the book it was built, when that was, and with
  which versions. The pages that Sphinx writes only keep a place for it: so a commit
  that changes nothing on a page does not make Sphinx write it again.
- Every page carries its Content-Security-Policy, which so holds on any host, and in a
  copy on a disk. ``_headers`` holds that of the site, in the form that Netlify and
  Cloudflare Pages read; it also forbids frames around the site, which a page cannot.
- A site whose address is known (NN_TUTORIAL_SITE_URL) gets a map for search engines,
  and the page that chooses the language shows a card where somebody links to it.
"""

import os
import platform
import re
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from importlib import metadata
from pathlib import Path

from markupsafe import Markup

from nn_book import DOCS, TAGS
from nn_book.templating import fill

ROOT = DOCS.parent

BUILT = {
    "zh": {
        "clean": "由 {date} 的提交 {commit} 制作，",
        "changed": "由 {date} 的提交 {commit} 加上尚未提交的改动制作，",
        "copy": "{date} 由 {version} 版的源代码制作，没有 git 历史，",
        "versions": "PyTorch {torch}，Python {python}。",
    },
    "en": {
        "clean": "Built from commit {commit} of {date}",
        "changed": "Built from commit {commit} of {date} and uncommitted changes",
        "copy": "Built on {date} from a copy of version {version} without its history",
        "versions": ", with PyTorch {torch} and Python {python}.",
    },
}
PLACE = re.compile("<!-- built (zh|en) -->")
CHARSET = re.compile('<meta charset="utf-8"[^>]*>')


@dataclass(frozen=True)
class Origin:
    """What the book was built from; ``commit`` is empty where git cannot tell."""

    date: str  # of the commit, in UTC; of the build where there is no commit
    commit: str = ""
    changed: bool = False  # whether the files differ from the commit


def find_origin(root: Path = ROOT) -> Origin:
    """Ask git for the commit of the book; a copy without history has none."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            env={**os.environ, "TZ": "UTC"},
            capture_output=True,
            encoding="utf8",
            check=True,
        )
        return done.stdout.strip()

    try:
        # The book may lie, unpacked, in a repository of something else.
        git("ls-files", "--error-unmatch", "docs/conf.py")
        log = ["log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd %H"]
        date, commit = git(*log).split()
        return Origin(date, commit, changed=bool(git("status", "--porcelain")))
    except (OSError, subprocess.CalledProcessError):
        return Origin(f"{datetime.now(UTC):%Y-%m-%d}")


def built(language: str, origin: Origin, *, repository: str) -> str:
    """Return the sentence on what a page was built from, as HTML.

    Args:
        language: "zh" or "en".
        origin: The commit.
        repository: "owner/name" on GitHub, or "" if it is not known.
    """
    kind = "copy" if not origin.commit else "changed" if origin.changed else "clean"
    commit = f"<code>{origin.commit[:7]}</code>"
    if repository:
        address = f"https://github.com/{escape(repository)}/commit/{origin.commit}"
        commit = f'<a href="{address}">{commit}</a>'
    text = BUILT[language][kind] + BUILT[language]["versions"]
    versions = {"torch": metadata.version("torch"), "python": platform.python_version()}
    version = metadata.version("nn_tutorial")
    said = text.format(date=origin.date, commit=commit, version=version, **versions)
    return f'<p class="built">{said}</p>'


def finish(site: Path) -> None:
    """Complete the pages of a site, and add what concerns all of them.

    Args:
        site: Folder with ``zh``, ``en`` and the pages of ``docs/root``.
    """
    repository = os.environ.get("NN_TUTORIAL_REPOSITORY", "")
    address = os.environ.get("NN_TUTORIAL_SITE_URL", "")
    origin = find_origin()
    said = {lang: built(lang, origin, repository=repository) for lang in TAGS}
    texts = []
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        text = PLACE.sub(lambda place: said[place[1]], text)
        if page == site / "index.html" and address:
            text = text.replace("</title>\n", f"</title>\n{card(text, address)}", 1)
        texts.append(text)
        page.write_text(with_policy(text), encoding="utf8", newline="\n")
    # A page cannot forbid by itself that others show it in a frame.
    whole = f"{policy(texts)}; frame-ancestors 'none'"
    files = {"_headers": f"/*\n  Content-Security-Policy: {whole}\n"}
    if address:
        pages = mapped(site)
        files["sitemap.xml"] = fill("sitemap.xml", site=address, tags=TAGS, pages=pages)
        robots = f"User-agent: *\nAllow: /\n\nSitemap: {address}sitemap.xml\n"
        files["robots.txt"] = robots
    for name, text in files.items():
        (site / name).write_text(text, encoding="utf8", newline="\n")


def with_policy(page: str) -> str:
    """Return a page that carries the policy of its own scripts, before all of them.

    Raises:
        ValueError: If the page does not name its encoding, which comes first.
    """
    encoding = CHARSET.search(page)
    if encoding is None:
        raise ValueError(f"a page without {CHARSET.pattern}: {page[:200]!r}")
    said = f'<meta http-equiv="Content-Security-Policy" content="{policy([page])}">'
    return f"{page[: encoding.end()]}\n{said}{page[encoding.end() :]}"


def policy(pages: list[str]) -> str:
    """Return the strictest Content-Security-Policy under which pages work.

    Its few inline scripts (the color mode before the first paint, films, the choice of
    the language) are known by their hashes; styles stand in attributes of pictures. The
    playground's worker compiles WebAssembly, which is no `eval` of scripts.
    """
    scripts = set(re.findall("(?s)<script>(.*?)</script>", "".join(pages)))
    digests = (sha256(script.encode()).digest() for script in scripts)
    hashes = sorted(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    scripts_from = " ".join(["'self'", "'wasm-unsafe-eval'", *hashes])
    return (
        f"default-src 'none'; script-src {scripts_from}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; "
        "form-action 'self'"
    )


def card(text: str, address: str) -> str:
    """Return what a link to the page that chooses the language shows elsewhere.

    Args:
        text: The HTML of that page.
        address: Where the site is published.
    """
    [title] = re.findall("<title>(.*)</title>", text)
    [said] = re.findall('<meta name="description" content="(.*?)">', text)
    words = {"title": Markup(title), "said": Markup(said)}
    return fill("link_card.html", site=address, **words)


def mapped(site: Path) -> list[str]:
    """Return the pages that search engines may show, as their names in a language."""
    return [
        page.relative_to(site / "zh").as_posix()
        for page in sorted((site / "zh").rglob("*.html"))
        if 'name="robots" content="noindex"' not in page.read_text(encoding="utf8")
    ]
