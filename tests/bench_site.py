"""Print what Lighthouse says of the front page and of every chapter, as on a phone.

    python tests/bench_site.py                    all of them, in both languages
    python tests/bench_site.py zh/index.html ...  only these

Needs ``site/`` (or the folder that NN_TUTORIAL_SITE names), Node.js 18.16 or newer,
whose npx fetches Lighthouse, and a Chromium: the one that CHROMIUM names, or the first
of the usual commands. The site comes from a server on this machine that compresses
with gzip, as most hosts do; Lighthouse simulates a phone of the middle class on a slow
line (its mobile profile).

The score of performance depends on how busy this machine is. A page below the target
is therefore looked at three times, and the median stands in the table; the last column
has the load of the machine before the page was looked at.
"""

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SITE = Path(os.environ.get("NN_TUTORIAL_SITE", Path(__file__).parents[1] / "site"))
LIGHTHOUSE = "lighthouse@12.8.2"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TARGETS = {"performance": 0.95, "accessibility": 1, "best-practices": 1, "seo": 1}
SHORT = {"performance": "perf", "accessibility": "a11y", "best-practices": "best"}


class GzipHandler(SimpleHTTPRequestHandler):
    """Serves files compressed, over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Send a file, or 404."""
        file = Path(self.translate_path(self.path))
        found = file.is_file()
        body = gzip.compress(file.read_bytes()) if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Length", str(len(body)))
        if found:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)


def audit(url: str, chromium: str) -> dict:
    """Return Lighthouse's report on one address."""
    npx = shutil.which("npx")
    flags = "--headless=new --disable-gpu --no-first-run"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags += " --no-sandbox"  # root has none
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [npx, "--yes", LIGHTHOUSE, url, "--quiet", "--output=json"]
        command += [f"--output-path={report}", f"--chrome-flags={flags}"]
        environment = {**os.environ, "CHROME_PATH": chromium}
        done = subprocess.run(
            command, env=environment, capture_output=True, encoding="utf8"
        )
        if done.returncode or not report.exists():
            sys.exit(f"Lighthouse failed on {url}:\n{done.stderr}")
        return json.loads(report.read_text(encoding="utf8"))


def scores(report: dict) -> dict[str, float]:
    """Return the score of each category, in [0, 1]."""
    return {name: report["categories"][name]["score"] or 0 for name in TARGETS}


def row(page: str, report: dict, load: str) -> str:
    """Return a row of the table."""
    audits = report["audits"]
    sent = audits["network-requests"]["details"]["items"]
    cells = [f"{score:4.2f}" for score in scores(report).values()]
    for name, unit in (
        ("first-contentful-paint", 1e3),
        ("largest-contentful-paint", 1e3),
    ):
        cells.append(f"{audits[name]['numericValue'] / unit:5.1f}")
    cells.append(f"{audits['total-blocking-time']['numericValue']:6.0f}")
    cells.append(f"{audits['cumulative-layout-shift']['numericValue']:5.3f}")
    cells.append(f"{len(sent):8d}")
    cells.append(f"{sum(item['transferSize'] for item in sent) / 1e3:5.0f}")
    return f"{page:<64} {' '.join(cells)} {load:>5}"


def faults(report: dict) -> list[str]:
    """Return what keeps a page below its targets, audit by audit."""
    found = []
    for name, target in TARGETS.items():
        if scores(report)[name] < target:
            for reference in report["categories"][name]["auditRefs"]:
                told = report["audits"][reference["id"]]
                if reference["weight"] and (told["score"] or 0) < 0.9:
                    items = told.get("details", {}).get("items", [])[:3]
                    elements = [i["node"]["snippet"] for i in items if "node" in i]
                    found.append(f"{name}: {told['title']} {' '.join(elements)}")
    return found


def main() -> None:
    """Look at the pages, print the table, and fail if a page is below a target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="pages of the site (all chapters)")
    pages = parser.parse_args().pages or [
        path.relative_to(SITE).as_posix()
        for language in ("zh", "en")
        for path in [
            SITE / language / "index.html",
            *sorted((SITE / language / "chapters").glob("*.html")),
        ]
    ]
    if shutil.which("npx") is None:
        print(
            "bench_site needs Node.js 18.16 or newer (https://nodejs.org): no npx here"
        )
        return
    chromium = next(
        filter(None, [os.environ.get("CHROMIUM"), *map(shutil.which, CHROMIUMS)]), None
    )
    if chromium is None:
        print("bench_site needs a Chromium: install one, or let CHROMIUM name it")
        return
    if not (SITE / "index.html").exists():
        sys.exit(f"no site in {SITE}: run `nox -s docs` first")

    print(
        f"{LIGHTHOUSE}, mobile profile, gzip server\n"
        f"{'page':<64} {SHORT['performance']} {SHORT['accessibility']} "
        f"{SHORT['best-practices']}  seo FCP s LCP s TBT ms   CLS requests    kB  load"
    )
    below = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(GzipHandler, directory=SITE))
    Thread(target=server.serve_forever, daemon=True).start()
    for page in pages:
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"
        look = partial(audit, f"http://127.0.0.1:{server.server_port}/{page}", chromium)
        reports = [look()]
        if scores(reports[0])["performance"] < TARGETS["performance"]:
            reports += [look(), look()]
        performances = [scores(report)["performance"] for report in reports]
        middle = performances.index(statistics.median(performances))
        print(row(page, reports[middle], load), flush=True)
        below += [f"{page}: {fault}" for fault in faults(reports[middle])]
    server.shutdown()
    if below:
        sys.exit("below the target:\n" + "\n".join(below))


if __name__ == "__main__":
    main()
