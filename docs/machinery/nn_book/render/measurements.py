"""Show figures that were measured elsewhere, as what they are.

    ```{measurement} mnist-ladder
    ```

becomes a table of ``docs/measurements/mnist-ladder.json``, which `nox -s gpu --
--measure` writes, under a line that names the device, the versions, the commit and the
date. It is no output of a cell and does not look like one. Without the file the page
says that nobody has measured yet.
"""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from nn_book.source.bilingual import language_of, metadata

FOLDER = "measurements"
HEADS = {
    "zh": ("一级", "设备", "轮数", "每轮秒数", "总秒数", "准确率"),
    "en": ("rung", "device", "epochs", "s/epoch", "s in all", "accuracy"),
}
SLOWER = {"zh": "（比上一级慢）", "en": " (slower than the rung above)"}
FAILED = {"zh": "没有跑成", "en": "did not run"}
NOTHING = {
    "zh": "还没有哪次运行用过 GPU，所以 GPU 的几级没有数字。",
    "en": "No run has had a GPU yet: its rungs have no numbers.",
}
ORIGIN = {
    "zh": "这张表不是本次构建的输出，是 {date} 在 {device}{driver} 上量的：{versions}，"
    "提交 {commit}，{data}。用全部训练图片，准确率是测试集上的；每级 {seeds} 个种子，"
    "平均值 ± 标准差。",
    "en": "This table is no output of this build. It was measured on {date} on {device}"
    "{driver} with {versions}, at commit {commit}, on {data}. All training images were "
    "used, and the accuracy is that on the test set; {seeds} seeds a rung, mean ± "
    "standard deviation.",
}
DRIVER = {"zh": "（驱动 {}）", "en": " (driver {})"}


class Measurement(SphinxDirective):
    """``{measurement} name``: the table of ``measurements/name.json``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the line of origin and the table, or a note that there is none.

        Raises:
            DirectiveError: If the file is not what `nox -s gpu -- --measure` writes.
        """
        lang = language_of(self.config)
        path = Path(self.env.srcdir, FOLDER, f"{self.arguments[0]}.json")
        # Of a file that is missing Sphinx would think at each build that it changed.
        noted = next(place for place in (path, *path.parents) if place.exists())
        self.env.note_dependency(str(noted))
        box = nodes.container(classes=["measurement"])
        if not path.is_file():
            box += nodes.paragraph("", NOTHING[lang])
            return [box]
        try:
            found = json.loads(path.read_text("utf8"))
            box += nodes.paragraph("", origin(found, lang))
            box += table_of(HEADS[lang], rows(found["rungs"], lang))
        except (ValueError, KeyError, TypeError) as error:
            raise self.error(f"{path.name} is damaged: {error!r}") from error
        return [box]


def origin(found: dict[str, Any], lang: str) -> str:
    """Return where, when and with what the figures were measured."""
    versions = (f"{name} {value}" for name, value in found["versions"].items() if value)
    seeds = max(len(rung["accuracy"]) for rung in found["rungs"])
    driver = DRIVER[lang].format(found["driver"]) if found["driver"] else ""
    return ORIGIN[lang].format(
        **{name: found[name] for name in ("date", "device", "commit", "data")},
        **{"driver": driver, "seeds": seeds, "versions": ", ".join(versions)},
    )


def rows(rungs: list[dict[str, Any]], lang: str) -> list[tuple[str, ...]]:
    """Return the cells of the table; a rung slower than the one before it says so."""
    told: list[tuple[str, ...]] = []
    before: dict[tuple[str, int], float] = {}
    for rung in rungs:
        head = (rung["name"], rung["device"], str(rung["epochs"]))
        if "error" in rung:
            told.append((*head, FAILED[lang], "", ""))
            continue
        fastest = [min(seconds) for seconds in rung["seconds"]]
        known = before.get((rung["device"], rung["epochs"]), mean(fastest))
        slower = SLOWER[lang] if mean(fastest) > known else ""
        before[rung["device"], rung["epochs"]] = mean(fastest)
        total = [sum(seconds) for seconds in rung["seconds"]]
        told.append(
            (
                *head,
                spread(fastest, 3) + slower,
                spread(total, 2),
                spread(rung["accuracy"], 4),
            )
        )
    return told


def spread(values: list[float], digits: int) -> str:
    """Return mean and standard deviation; of a single value, the value."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"


def table_of(heads: tuple[str, ...], cells: list[tuple[str, ...]]) -> nodes.table:
    """Return a table as docutils has it."""
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    body = nodes.tbody("", *map(row_of, cells))
    group += [nodes.thead("", row_of(heads)), body]
    return nodes.table("", group)


def row_of(texts: tuple[str, ...]) -> nodes.row:
    """Return a row with one paragraph in each cell."""
    entries = [nodes.entry("", nodes.paragraph("", text)) for text in texts]
    return nodes.row("", *entries)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("measurement", Measurement)
    return metadata(__file__)
