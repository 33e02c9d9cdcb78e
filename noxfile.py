"""The contributor's manual: `nox -l` lists what can be done, `nox -s NAME` does it."""

import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"  # an environment with PyTorch costs a second
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "docs", "tests"]

# Python keeps what it compiles of PyTorch and Sphinx, whatever the caller has set: else
# each process that a test or a chapter starts compiles it again, for seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

QUICK = "not browser and not builds and not scripts and not formats"
CONSTRAINTS = "docs/constraints.txt"
HASHES = "docs/hashes.txt"  # the same versions, of what builds the published site


def install(session: nox.Session, group: str, *packages: str) -> None:
    """Install a dependency group, and packages, as the constraints file says.

    With UV_RESOLUTION set (lowest-direct, highest) uv chooses the versions instead:
    so CI tests the oldest and the newest that pyproject.toml allows. With
    NN_TUTORIAL_REQUIRE_HASHES set, as where the site is published, only files whose
    hashes we know are installed; these are PyPI's, so not PyTorch's own index serves.
    """
    if "NN_TUTORIAL_REQUIRE_HASHES" in os.environ:
        # Our own folders have no hash: they come alone, after all that they need.
        session.install("--require-hashes", "-r", HASHES)
        ours = ("-e", "docs/machinery", *packages)
        session.install("--no-deps", "--no-build-isolation", *ours)
        return
    constraints = () if "UV_RESOLUTION" in os.environ else ("-c", CONSTRAINTS)
    machinery = () if group == "browser" else ("-e", "docs/machinery")
    session.install(*constraints, "--group", group, *machinery, *packages)


def test_in_parallel(
    session: nox.Session, *arguments: str, by_file: bool = True
) -> None:
    """Run pytest with a worker for each core, at most four; `-- -n 0` has none.

    With ``by_file``, a file stays with one worker: its tests share a chapter that was
    run, or a book that was built. Else an idle worker takes tests from a busy one.
    """
    # Files in the order of their names: those of the chapters, which take longest,
    # do not come last.
    how = ["loadfile", "--no-loadscope-reorder"] if by_file else ["worksteal"]
    command = ["pytest", "-n", "logical", "--maxprocesses", "4", "--dist", *how]
    command += [*arguments, *session.posargs]
    # One thread each: the workers leave each other their cores.
    session.run(*command, env={"OMP_NUM_THREADS": "1"})


def require_site(session: nox.Session) -> None:
    """Stop a session that looks at the built site if there is none."""
    if not Path("site/index.html").exists():
        session.error("site/ is not built yet: run `nox -s docs` first")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the whole book, both languages, into site/; `-- --share 2/4`: a share."""
    # In place: a fresh copy would look to Sphinx like a changed reference each time.
    install(session, "docs", "-e", ".[all]")
    session.run("python", "-m", "nn_book.build", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test the package, the chapters and the book's machinery; no browser, no GPU."""
    install(session, "tests", ".[all]")
    test_in_parallel(session, "-m", QUICK)


@nox.session
def builds(session: nox.Session) -> None:
    """Build small books from end to end: killed, in shares, with a GPU's results."""
    install(session, "tests", ".[all]")
    test_in_parallel(session, "-m", "builds")


@nox.session
def coverage(session: nox.Session) -> None:
    """Show which lines of package and machinery the tests in this process reach."""
    install(session, "tests", ".[all]", "pytest-cov")
    command = ["pytest", "-m", QUICK, "--cov=nn_tutorial", "--cov=nn_book"]
    command += ["--cov-branch"]
    session.run(*command, "--cov-report=term-missing:skip-covered", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Make small mistakes in modules, count those no test sees; `-- --help`: which."""
    install(session, "tests", ".[all]", "mutmut>=3.8")
    session.run("python", "tests/mutants.py", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Test site/ in a real Chromium, every page and language (after `nox -s docs`)."""
    require_site(session)
    # With PyTorch and MNIST: what the pieces show is compared with what these compute.
    install(session, "browser", ".[mnist]")
    # What tests/conftest.py offers to the other tests needs Sphinx; these do not.
    files = sorted(map(str, Path("tests").glob("test_browser*.py")))
    test_in_parallel(session, "--noconftest", "-m", "browser", *files, by_file=False)


@nox.session
def scripts(session: nox.Session) -> None:
    """Run scripts and notebooks of site/ as a reader does, with the wheel of site/."""
    require_site(session)
    # Each notebook installs the wheel itself; what the wheel needs is there already.
    packages = ["torch", "torchvision", "numpy", "matplotlib", "safetensors"]
    packages += ["scikit-learn", "libcst", "ipykernel", "nbclient", "pip", "pytest"]
    packages += ["pytest-xdist", "uv"]
    session.install("-c", CONSTRAINTS, *packages)
    arguments = ["--noconftest", "-m", "scripts", "tests/test_scripts.py"]
    test_in_parallel(session, *arguments, by_file=False)


@nox.session
def pdf(session: nox.Session) -> None:
    """Print the book of each language as PDF (needs Chromium; after `nox -s docs`)."""
    require_site(session)
    install(session, "pdf")
    session.run("python", "-m", "nn_book.publish.pdf")


@nox.session
def formats(session: nox.Session) -> None:
    """Check zip, EPUB (needs Java) and PDF of the book (after `nox -s docs pdf`)."""
    require_site(session)
    install(session, "formats")
    command = ["pytest", "--noconftest", "-m", "formats", "tests/test_formats.py"]
    session.run(*command, *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Execute the MNIST chapters on CUDA for docs; `-- --measure`: time the ladder."""
    install(session, "docs", ".[all]")
    check = ["python", "-m", "nn_book.execute.gpu", "--check"]
    told = session.run(*check, silent=True, success_codes=[0, 3])  # 3: no CUDA
    if "sees a CUDA GPU" not in told:
        session.skip(told.strip())
    session.run("python", "-m", "nn_book.execute.gpu", *session.posargs)


@nox.session
def serve(session: nox.Session) -> None:
    """Preview one language, rebuilt on save: `nox -s serve` or `nox -s serve -- zh`."""
    install(session, "docs", "sphinx-autobuild", "-e", ".[all]")
    language = session.posargs[0] if session.posargs else "en"
    if language not in ("zh", "en"):
        session.error(f"unknown language {language!r}: say zh or en")
    session.run("python", "-m", "nn_book.serve", language, "--open-browser")


@nox.session
def bench(session: nox.Session) -> None:
    """Print the benchmark tables (ratios measured in one run on this machine)."""
    install(session, "tests", ".[all]", "playwright")  # one measures the built site
    names = session.posargs or sorted(p.stem for p in Path("tests").glob("bench_*.py"))
    for name in names:
        session.run("python", f"tests/{name}.py")


@nox.session(venv_backend="none")
def modules(session: nox.Session) -> None:
    """Lint the pieces' JavaScript, check its types, test it (needs Node.js and npm)."""
    session.run("npx", "--yes", "-p", "typescript@5.9", "tsc", "-p", "docs/pieces")
    folders = [".", "../../tests/pieces"]
    with session.chdir("docs/pieces"):  # where biome.jsonc is
        command = ["npx", "--yes", "@biomejs/biome@2.3.8", "lint"]
        session.run(*command, "--error-on-warnings", *folders)
    tests = sorted(map(str, Path("tests/pieces").glob("*.test.mjs")))
    session.run("node", "--test", *tests)


@nox.session
def kernels(session: nox.Session) -> None:
    """Compile the playground's arithmetic (C) into WebAssembly anew."""
    session.install("ziglang")
    session.run("python", "docs/pieces/playground/compile.py")


@nox.session
def cards(session: nox.Session) -> None:
    """Draw cards for links and covers of EPUBs anew (needs Chromium, a font, site/)."""
    require_site(session)
    install(session, "pdf", "pillow")
    session.run("python", "-m", "nn_book.publish.cards")


@nox.session
def lint(session: nox.Session) -> None:
    """Check code, chapters, workflows, and that the two languages agree."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("zizmor", "--offline", "--quiet", "--persona=pedantic", ".github")
    session.run("python", "-m", "nn_book.source.lint", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package and of the machinery (mypy, strict)."""
    install(session, "types", ".[all]")
    session.run("mypy", *session.posargs)


@nox.session
def constraints(session: nox.Session) -> None:
    """Compile the versions that docs and tests install anew, and their hashes."""
    command = ["uv", "pip", "compile", "--universal", "--python-version", "3.11"]
    command += ["--no-emit-index-url", "--no-annotate", "--quiet"]
    command += ["--custom-compile-command", "nox -s constraints"]
    project = ["pyproject.toml", "--all-extras"]
    site = [word for group in ("docs", "pdf", "formats") for word in ("--group", group)]
    others = ("tests", "browser", "lint", "types")
    all_groups = site + [word for group in others for word in ("--group", group)]
    upgrade = [] if "--hashes" in session.posargs else ["--upgrade"]
    files = {
        CONSTRAINTS: [*project, *all_groups, *upgrade],
        HASHES: [*project, *site, "-c", CONSTRAINTS, "--generate-hashes"],
        # What runs nox itself where the site is published.
        ".github/nox.txt": [".github/nox.in", *upgrade, "--generate-hashes"],
    }
    for file, what in files.items():
        session.run(*command, *what, "-o", file, external=True)
