"""Compile kernels.c into kernels.wasm.mjs: `nox -s kernels`.

The compiler is clang as `ziglang` on PyPI brings it. The result is kept in the
repository, so that building the book needs no compiler.
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
OPTIONS = ["--target=wasm32-freestanding", "-O3", "-msimd128", "-ffp-contract=off"]
OPTIONS += ["-fno-delete-null-pointer-checks", "-nostdlib", "-Wl,--no-entry"]
OPTIONS += ["-Wl,--initial-memory=8388608", "-Wl,--strip-all", "-Wl,-z,stack-size=4096"]

with tempfile.TemporaryDirectory() as folder:
    compiled = Path(folder, "kernels.wasm")
    command = [sys.executable, "-m", "ziglang", "cc", *OPTIONS, "-o", compiled]
    subprocess.run([*command, "kernels.c"], check=True, cwd=HERE)
    letters = base64.b64encode(compiled.read_bytes()).decode()
(HERE / "kernels.wasm.mjs").write_text(
    "// kernels.c, compiled by `nox -s kernels`.\n"
    f'export const WASM =\n  "{letters}";\n',
    encoding="ascii",
)
