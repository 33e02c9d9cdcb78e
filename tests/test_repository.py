"""What a stranger relies on: the READMEs, the workflows and the commands in them."""

import ast
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
PAIRS = [("README.md", "README.zh.md"), ("CONTRIBUTING.md", "CONTRIBUTING.zh.md")]
COMMANDS = [
    'python -m pip install "nox[uv]" && nox -s docs',
    'python -m pip install "nox[uv]" && nox -s tests',
]


def read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf8")


CODE_BLOCK = re.compile(r"^(`{3,})\w*\n(.*?)^\1$", flags=re.M | re.S)


def code_blocks(text: str) -> list[str]:
    return [match[2] for match in CODE_BLOCK.finditer(text)]


def without_code_blocks(text: str) -> str:
    return CODE_BLOCK.sub("", text)


def inline_code(text: str) -> list[str]:
    found = re.finditer(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)", text)
    return [match[2] for match in found]


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(text))


def tables(text: str) -> list[list[str]]:
    """Return, table by table, the first cell of every row below the head."""
    found = re.findall(r"(?:^\|.*\n)+", text + "\n", flags=re.M)
    return [
        [row.split("|")[1].strip() for row in table.splitlines()[2:]] for table in found
    ]


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_code_blocks(text), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def nox_sessions() -> set[str]:
    tree = ast.parse(read("noxfile.py"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(mark) for mark in node.decorator_list)
    }


# -- The commands -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_begins_with_the_two_commands(name):
    first_block = code_blocks(read(name))[0]
    assert first_block.splitlines() == COMMANDS
    assert read(name).index(first_block) < 500  # seen without scrolling on a phone


@pytest.mark.parametrize(
    "name",
    [
        *[name for pair in PAIRS for name in pair],
        ".ci/run",
        ".github/pull_request_template.md",
        *[f".github/workflows/{path.name}" for path in WORKFLOWS],
    ],
)
def test_every_nox_command_named_exists(name):
    named = [
        session
        for command in re.findall(r"nox -s ([a-z][a-z ]*)", read(name))
        for session in command.split()
    ]
    assert named
    assert set(named) <= nox_sessions()


def test_ci_run_runs_the_commands_of_the_readme():
    script = read(".ci/run")
    ran = re.findall(r"^(?:run |(?=python -m pip ))([^(\n]+)$", script, flags=re.M)
    install, docs = COMMANDS[0].split(" && ")
    tests = COMMANDS[1].split(" && ")[1]
    begin = [install, "nox -s lint", docs, "nox -s pdf", tests]
    end = ["nox -s builds", "nox -s scripts", "nox -s browser", "nox -s formats"]
    assert ran == [*begin, *end]
    assert "\r" not in script
    assert os.access(ROOT / ".ci/run", os.X_OK)


# -- Two languages, the same facts --------------------------------------------------


@pytest.mark.parametrize(("en", "zh"), PAIRS)
def test_both_languages_show_the_same_commands_and_code(en, zh):
    def commands(name):
        blocks = code_blocks(read(name))
        drawn = ("nn_book/  ", "->")  # the tree and the way of a chapter, in words
        return [b for b in blocks if not any(sign in b for sign in drawn)]

    assert commands(en) == commands(zh)
    in_en, in_zh = (
        Counter(inline_code(without_code_blocks(read(x)))) for x in (en, zh)
    )
    assert in_en == in_zh


@pytest.mark.parametrize(("en", "zh"), PAIRS)
def test_both_languages_link_to_the_same_places(en, zh):
    def places(text):
        return Counter(re.sub(r"(\.zh)?\.md(#.*)?$", ".md", x) for x in links(text))

    assert places(read(en)) == places(read(zh))


@pytest.mark.parametrize(("en", "zh"), PAIRS)
def test_both_languages_have_the_same_skeleton(en, zh):
    def skeleton(text):
        return re.findall(r"^(#+|-|\d+\.) ", without_code_blocks(text), flags=re.M)

    def table_codes(text):
        return [[inline_code(cell) for cell in table] for table in tables(text)]

    assert skeleton(read(en)) == skeleton(read(zh))
    assert table_codes(read(en)) == table_codes(read(zh))


@pytest.mark.parametrize("name", [name for pair in PAIRS for name in pair])
def test_every_link_inside_the_repository_leads_somewhere(name):
    inside = [link for link in links(read(name)) if "://" not in link]
    assert inside
    for link in inside:
        target, _, anchor = link.partition("#")
        assert (ROOT / target).is_file(), link
        assert not anchor or anchor in anchors(read(target)), link


# -- What the README promises --------------------------------------------------------


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CONTRIBUTING.zh.md"])
def test_every_path_of_the_tree_for_contributors_exists(name):
    [tree] = [block for block in code_blocks(read(name)) if "machinery/" in block]
    paths, folders = [], [ROOT]
    for line in tree.splitlines():
        found = re.match(r"( *)([\w./]+(?: [\w.]+)?)(?: {2,}|$)", line)
        depth = len(found[1]) // 2
        names = found[2].split()
        paths += [folders[depth] / each for each in names]
        folders[depth + 1 :] = [folders[depth] / names[0]]
    assert len(paths) > 12
    assert [path for path in paths if not path.exists()] == []


def test_the_changelog_tells_about_this_version_in_both_languages():
    package = read("nn_tutorial/__init__.py")
    version = re.search(r'^__version__ = "(.+)"$', package, flags=re.M)[1]
    newest = re.split(r"^## ", read("CHANGELOG.md"), flags=re.M)[1]
    assert newest.splitlines()[0].split()[0] == version
    english, chinese = (
        re.findall(r"^- (.+)$", half, flags=re.M) for half in newest.split("\n---\n")
    )
    assert len(english) == len(chinese) > 0
    assert not re.search(r"[\u4e00-\u9fff]", "".join(english))
    assert all(re.search(r"[\u4e00-\u9fff]", line) for line in chinese)


def test_no_file_names_a_machine_or_a_package_registry():
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")[:-1]
    assert "README.md" in names
    forbidden = re.compile(
        r"(?<![\w.~-])/(?:work|root|home|Users|tmp)/\w"
        r"|[A-Z]:\\Users\\"
        r"|\b(?:pypi\.org|pythonhosted\.org|npmjs\.\w+|deb\.debian\.org)"
    )
    found = []
    for name in names:
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            continue  # binary
        for number, line in enumerate(content.decode("utf8").splitlines(), start=1):
            if match := forbidden.search(line):
                found.append(f"{name}:{number}: {match[0]}")
    assert found == []


# -- GitHub ----------------------------------------------------------------------------


def workflow(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf8"))


def steps(path: Path) -> list[dict]:
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


def test_the_workflows_test_publish_and_check_links():
    assert {path.stem for path in WORKFLOWS} == {"ci", "pages", "links"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_to_a_commit_that_names_its_version(path):
    used = [step["uses"] for step in steps(path) if "uses" in step]
    pinned = re.findall(
        r"uses: (\S+@[0-9a-f]{40}) # v\d+\.\d+\.\d+$", read(path), flags=re.M
    )
    assert used
    assert pinned == used


def test_an_action_has_one_version_everywhere():
    pins = {
        step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step
    }
    names = [pin.split("@")[0] for pin in pins]
    assert len(names) == len(set(names)), sorted(pins)


# `deploy` publishes the site, `notebooks` replaces a branch, `attest` signs what was
# built; none of them runs the book.
MAY_WRITE = {
    "attest": {"attestations", "id-token"},
    "deploy": {"pages", "id-token"},
    "notebooks": {"contents"},
}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_only_what_it_needs(path):
    content = workflow(path)
    assert content["permissions"] == {}
    assert content["concurrency"]["group"]
    for name, job in content["jobs"].items():
        granted = job["permissions"]
        writes = {right for right, level in granted.items() if level != "read"}
        assert writes == MAY_WRITE.get(name, set()), name
        assert job["timeout-minutes"] <= 60, name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name
            # ${{ }} inside a script would run whatever a stranger wrote there.
            assert "${{" not in step.get("run", ""), name


def test_ci_covers_three_systems_and_both_ends_of_the_versions():
    matrix = workflow(ROOT / ".github/workflows/ci.yml")["jobs"]["tests"]["strategy"][
        "matrix"
    ]
    assert {name.split("-")[0] for name in matrix["os"]} == {
        "ubuntu",
        "macos",
        "windows",
    }
    oldest = re.search(r'requires-python = ">=(.+)"', read("pyproject.toml"))[1]
    assert matrix["python"][0] == oldest
    versions = {row["python"]: row["versions"] for row in matrix["include"]}
    assert versions == dict(
        zip(matrix["python"], ["lowest-direct", "highest"], strict=True)
    )


def test_only_the_published_site_knows_its_address():
    published = [
        step.get("env", {}).keys()
        for step in steps(ROOT / ".github/workflows/pages.yml")
        if "--merge" in step.get("run", "")  # the shares write no page
    ]
    assert len(published) == 1
    assert published[0] >= {
        "NN_TUTORIAL_SITE_URL",
        "NN_TUTORIAL_REPOSITORY",
        "NN_TUTORIAL_REQUIRE_MNIST",
    }


def test_the_site_is_published_with_what_the_gpu_kept_of_the_real_data():
    jobs = workflow(ROOT / ".github/workflows/pages.yml")["jobs"]
    run, upload = jobs["gpu"]["steps"][-2:]
    assert "nox -s gpu" in run["run"]
    assert run["env"]["NN_TUTORIAL_REQUIRE_MNIST"] == "1"
    folder, name = upload["with"]["path"], upload["with"]["name"]
    assert folder == "docs/_build/gpu/"

    # Found once, so that every share and the build take the same run.
    [find] = jobs["find"]["steps"]
    assert f"?name={name}&" in find["run"]
    # An artifact from a fork's pull request must never be published.
    assert '.workflow_run.head_branch == "main"' in find["run"]
    assert "head_repository_id == .workflow_run.repository_id" in find["run"]
    for job in ("execute", "build"):
        commands = [step.get("run", "") for step in jobs[job]["steps"]]
        [fetch] = [n for n, text in enumerate(commands) if 'download "$RUN"' in text]
        [build] = [n for n, text in enumerate(commands) if "nox -s docs" in text]
        assert fetch < build
        assert f"--name {name} --dir {folder.rstrip('/')}" in commands[fetch]
        assert jobs[job]["steps"][fetch]["env"]["RUN"] == (
            "${{ needs.find.outputs.run }}"
        )


def test_the_site_is_put_together_from_all_shares():
    jobs = workflow(ROOT / ".github/workflows/pages.yml")["jobs"]
    shares = jobs["execute"]["strategy"]["matrix"]["share"]
    assert shares == list(range(1, len(shares) + 1))
    *_, execute, upload = jobs["execute"]["steps"]
    assert '-- --share "$SHARE/$SHARES"' in execute["run"]
    assert execute["env"]["SHARES"] == "${{ strategy.job-total }}"
    # Another one would lead to other results, and all would be executed again.
    build = [step for step in jobs["build"]["steps"] if "run" in step]
    [merge] = [step for step in build if "nox -s docs" in step["run"]]
    name = "NN_TUTORIAL_REQUIRE_MNIST"
    assert execute["env"][name] == merge["env"][name]
    assert upload["with"]["path"] == "docs/_build/cache/"
    [fetch] = [step["run"] for step in build if "share-" in step["run"]]
    folder = fetch.rpartition("--dir ")[2].strip()
    assert merge["run"].endswith(f"--merge {folder}")
    assert "execute" in jobs["build"]["needs"]


def test_the_published_site_is_made_with_known_hashes_only():
    pages = workflow(ROOT / ".github/workflows/pages.yml")
    assert pages["env"] == {"NN_TUTORIAL_REQUIRE_HASHES": "1"}
    steps = [step for job in pages["jobs"].values() for step in job["steps"]]
    runs = [step["run"] for step in steps if "run" in step]
    for run in runs:
        for command in re.findall(r"pip install.*?(?=&&|$)", run):
            assert command.startswith("pip install --require-hashes --requirement ")
    # Every entry has a hash, and the version that everything else is tested with.
    tested = read("docs/constraints.txt").splitlines()
    for entry in re.findall(r"(?m)^\w(?:.*\\\n)*.*$", read("docs/hashes.txt")):
        version, *hashes = entry.replace("\\", "").split("\n")
        assert [line for line in tested if line.startswith(version.split()[0])], version
        assert hashes and all("--hash=sha256:" in line for line in hashes), version


def test_only_a_job_that_runs_nothing_of_the_book_signs_it():
    jobs = workflow(ROOT / ".github/workflows/pages.yml")["jobs"]
    signing = {n for n, job in jobs.items() if "attestations" in job["permissions"]}
    assert signing == {"attest"}
    assert "checkout" not in str(jobs["attest"]["steps"])
    assert "SHA256SUMS" in jobs["attest"]["steps"][-1]["with"]["subject-path"]
    [listed] = [s["run"] for s in jobs["build"]["steps"] if "sha256sum" in str(s)]
    uploads = [step.get("uses", "") for step in jobs["build"]["steps"]]
    assert "upload-pages-artifact" in uploads[-1]
    assert listed.startswith("cd site")


def test_the_notebooks_are_on_their_branch_before_pages_link_to_them():
    jobs = workflow(ROOT / ".github/workflows/pages.yml")["jobs"]
    [upload] = [
        step["with"]
        for step in jobs["build"]["steps"]
        if step.get("with", {}).get("name") == "notebooks"
    ]
    # Where the build lays them out, and where the pages say that they are.
    assert upload["path"] == "docs/_build/notebooks/"
    assert 'BUILD / "notebooks"' in read("docs/machinery/nn_book/build.py")
    assert "/blob/notebooks/" in read("docs/machinery/nn_book/offer/downloads.py")
    [step] = jobs["notebooks"]["steps"]
    assert "--name notebooks " in step["run"]
    assert "git init --initial-branch notebooks\n" in step["run"]
    assert step["run"].rstrip().endswith(" notebooks")
    assert "notebooks" in jobs["deploy"]["needs"]
    assert "needs.notebooks.result == 'success'" in jobs["deploy"]["if"]


def test_the_mistake_form_has_the_fields_that_the_pages_fill_in():
    form = yaml.safe_load(read(".github/ISSUE_TEMPLATE/mistake.yml"))
    # Only plain inputs can be filled in from an address.
    fields = {field["id"]: field["type"] for field in form["body"]}
    assert fields["page"] == fields["language"] == "input"


def test_pre_commit_formats_with_the_version_that_lint_checks_with():
    hooks = [
        hook
        for repository in yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
        for hook in repository["hooks"]
    ]
    pins = {pin for hook in hooks for pin in hook.get("additional_dependencies", [])}
    assert {pin for pin in pins if pin.startswith("ruff")} <= set(
        read("docs/constraints.txt").splitlines()
    )
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in pins)
