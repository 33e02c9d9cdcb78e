"""The wheel of the package beside the site, and the bill of what is in it.

A software bill of materials in the format of CycloneDX says what the wheel needs, for
programs that ask. It names the versions that the book was built and tested with; pip
may choose others that ``pyproject.toml`` allows. ``cyclonedx-py environment`` (7.3) was
tried: it lists all 131 packages of the environment, Sphinx first of all, instead of
what this wheel needs, and knows no digest of the wheel.

Source:
    CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/ (ECMA-424)
"""

import hashlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import nn_book
from nn_book.publish.whole_book import BookError

PACKAGE = "nn_tutorial"


def wheel_name() -> str:
    """Return the name of the wheel of this version of the package."""
    return f"{PACKAGE}-{metadata.version(PACKAGE)}-py3-none-any.whl"


def write_wheel(folder: Path) -> Path:
    """Build the wheel of the package from this clone and return its path.

    Raises:
        BookError: If it cannot be built; the message is that of the build.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    command += ["-d", str(folder)]
    clone = Path(nn_book.__file__).parents[3]
    done = subprocess.run(command, cwd=clone, capture_output=True, encoding="utf8")
    path = folder / wheel_name()
    if done.returncode or not path.exists():
        raise BookError(f"no wheel of {PACKAGE}:\n{done.stdout}{done.stderr}")
    return path


def write_bill(wheel: Path) -> Path:
    """Write the bill of a wheel beside it, as ``….cdx.json``, and return its path.

    Args:
        wheel: The wheel; its package is installed here with all its extras.
    """
    needs = needed(PACKAGE, {"all"})
    components = {name: component(name) for name in sorted(needs)}
    reference = {name: entry["bom-ref"] for name, entry in components.items()}
    main = components.pop(canonicalize_name(PACKAGE))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    main["hashes"] = [{"alg": "SHA-256", "content": digest}]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main},
        "components": list(components.values()),
        "dependencies": [
            {
                "ref": reference[name],
                "dependsOn": sorted(reference[other] for other in needs[name]),
            }
            for name in sorted(needs)
        ],
    }
    path = wheel.with_suffix(".cdx.json")
    text = json.dumps(bill, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf8", newline="\n")
    return path


def needed(package: str, extras: set[str]) -> dict[str, set[str]]:
    """Return, by name, all that a package needs here and what each of these needs."""
    found: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(package), extra) for extra in extras | {""}]
    while waiting:
        name, extra = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        uses = found.setdefault(name, set())
        for requirement in map(Requirement, metadata.requires(name) or []):
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": extra}):
                other = canonicalize_name(requirement.name)
                uses.add(other)
                waiting += [(other, extra) for extra in requirement.extras | {""}]
        uses.discard(name)  # an extra that is made of other extras
    return found


def component(name: str) -> dict[str, Any]:
    """Return what the bill says of an installed package."""
    about = metadata.metadata(name)
    version = about["Version"]
    address = f"pkg:pypi/{canonicalize_name(name)}@{version.replace('+', '%2B')}"
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": about["Name"],
        "version": version,
        "purl": address,
    }
    if "License-Expression" in about:
        entry["licenses"] = [{"expression": about["License-Expression"]}]
    return entry
