"""Attack the rewriting tool with inputs nobody wrote: no crash, no lost byte, no loop.

Inputs are mutations of the old programs, of notebooks and pages made of them, random
bytes, and programs that declare every encoding Python knows. For each one the document
has to be refused with a reason or read; written back unchanged it has to give the same
bytes; and what was rewritten must need nothing when it is read again. Prints how many
inputs of each kind passed and the slowest of each::

    python tests/bench_modernize.py [number of inputs] [first seed]

The number that the project asks for is 1000000; the default takes about a minute. The
tests run a few hundred of the same inputs. Before them come the times for long inputs:
a megabyte of what makes a careless reader slow, and programs with a finding in almost
every line, each twice as long as the one before.
"""

import encodings.aliases
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nn_tutorial.modernize.documents import DocumentError, parse_document
from nn_tutorial.modernize.engine import modernize

OLD_CODE = Path(__file__).parent / "old_code"
PIECES = [
    b"Variable(", b")", b"(", b".cuda()", b".data[0]", b"volatile=True", b"\n", b"\r\n",
    b"\r", b" ", b"    ", b"\t", b"\\\n", b"'''", b'"', b"'", b"#", b"print x", b":",
    b"%matplotlib inline\n", b"!ls\n", b"%%bash\n", b"import torch\n", b"F.softmax(x)",
    b"with torch.no_grad():\n", b"lambda s, l: s.cuda()", b"async=True", b"\x00", b";",
    b"\x0c", b"\xff", b"\xef\xbb\xbf", b"```python\n", b"```\n", b"{", b"}", b"[", b"]",
    "，".encode(), "“".encode(), "”".encode(), "\u3000".encode(), "中".encode("gbk"),
    b"from m import *\n", b"global x\n", b"(x := 1)", b"match x:\n    case 1: pass\n",
    b"super(A, self).__init__()", b"torch.load('n').eval()", b"it.next()", b"exec 'x'",
]  # fmt: skip
ENCODINGS = sorted(
    {*encodings.aliases.aliases, *encodings.aliases.aliases.values()}
    | {"punycode", "idna", "undefined", "unicode_escape", "utf-8-sig", "klingon"}
)


def programs() -> list[bytes]:
    """The old programs, each as it is on disk."""
    return [path.read_bytes() for path in sorted(OLD_CODE.glob("*.py"))]


def mutated(data: bytes, source: random.Random) -> bytes:
    """Return ``data`` with a few pieces cut, doubled, swapped or put in."""
    for _ in range(source.randint(1, 8)):
        at = source.randrange(len(data) + 1)
        end = min(len(data), at + source.choice([1, 2, 5, 20, 100]))
        kind = source.randrange(4)
        if kind == 0:
            data = data[:at] + data[end:]
        elif kind == 1:
            data = data[:end] + data[at:end] + data[end:]
        elif kind == 2:
            data = data[:at] + source.choice(PIECES) + data[at:]
        else:
            other = source.randrange(len(data) + 1)
            data = data[:at] + data[other : other + end - at] + data[end:]
    return data


def inputs(seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Give name of the kind, kind of the document and bytes, without end."""
    source = random.Random(seed)
    known = programs()
    while True:
        data = source.choice(known)
        start = source.randrange(len(data))
        data = data[start : start + source.choice([40, 200, 800])]
        data = mutated(data, source)
        yield "program", "python", data
        text = data.decode("utf8", "replace")
        lines = text.splitlines(keepends=True)
        half = source.randrange(len(lines) + 1)
        cells = [{"cell_type": "code", "source": part} for part in (lines[:half], text)]
        page = json.dumps({"cells": cells}, indent=source.choice([None, 1]))
        yield "notebook", "notebook", page.encode()
        yield "broken notebook", "notebook", mutated(page.encode(), source)
        fence = source.choice(["```python", "~~~ py", "```{code-cell}", "  ```python"])
        page = f"words\n\n{fence}\n{text}\n{fence.strip()[:3]}\n"
        yield "page", "markdown", page.encode()
        size = source.choice([1, 10, 100])
        kind = source.choice(["python", "notebook", "markdown"])
        yield "bytes", kind, source.randbytes(size)
        name = source.choice(ENCODINGS)
        yield "encoding", "python", f"# coding: {name}\n".encode() + data


def attacked(kind: str, data: bytes) -> str:
    """Return ``"read"`` or ``"refused"``; anything else raises."""
    try:
        document = parse_document(data, kind)
    except DocumentError:
        return "refused"
    same = document.with_cells([cell.text for cell in document.cells])
    assert document.to_bytes(same) == data, "a byte is lost"
    _, text = modernize(document)
    written = document.to_bytes(text)
    again = parse_document(written, kind)
    found, same = modernize(again)
    assert same == text, "a second run changes something"
    assert not any(report.rewritten for report in found), "a second run finds more"
    return "read"


MEGABYTE = [
    "\u201cx", "x =" + " " * 1000 + "\n", "\t", "(", "#", "\n", "\\\n", "'", "a", "a.",
    ".cuda(", "x;", "print x\n", "x\uff0cy\n", "%a\n", "except a, b:\n",
]  # fmt: skip
DENSE = "x = Variable(y.cuda())\nl = F.nll_loss(F.log_softmax(x), t)\ns += l.data[0]\n"


def long_inputs() -> Iterator[tuple[str, str]]:
    """Give name and text of a megabyte of each kind, then of dense programs."""
    for piece in MEGABYTE:
        yield f"1 MB of {piece[:8]!r}", piece * (10**6 // len(piece.encode()))
    for lines in (1250, 2500, 5000, 10_000):
        yield f"{lines} dense lines", "import torch\n" + DENSE * (lines // 3)


def main(count: int, seed: int) -> None:
    """Print the times of long inputs, attack ``count`` times and print the table."""
    for name, text in long_inputs():
        start = time.process_time()
        found, _ = modernize(parse_document(text.encode(), "python"))
        seconds = time.process_time() - start
        print(f"{name:24} {len(found):8} findings {seconds:6.1f} s", flush=True)
    table: dict[str, dict[str, float]] = {}
    for number, (name, kind, data) in enumerate(inputs(seed)):
        if number == count:
            break
        start = time.perf_counter()
        try:
            outcome = attacked(kind, data)
        except Exception:
            print(f"number {number}, seed {seed}, {name}: {data!r}", file=sys.stderr)
            raise
        row = table.setdefault(name, {"read": 0, "refused": 0, "slowest": 0.0})
        row[outcome] += 1
        row["slowest"] = max(row["slowest"], time.perf_counter() - start)
    print(f"{'kind':16} {'read':>8} {'refused':>8} {'slowest, s':>11}")
    for name, row in table.items():
        print(f"{name:16} {row['read']:8} {row['refused']:8} {row['slowest']:11.2f}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [3000, 0][len(numbers) :]))
