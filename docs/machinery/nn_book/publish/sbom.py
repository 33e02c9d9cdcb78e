"""What is in the wheel of the package, and what it needs, for programs that ask.

A software bill of materials in the format of CycloneDX, beside the wheel. It names the
versions that the book was built and tested with; pip may choose others that
``pyproject.toml`` allows. The libraries that write such bills (cyclonedx-bom 7 was
read) bring some twenty packages for what the standard library and ``packaging`` know.

Source:
    CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/ (ECMA-424)
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "nn_tutorial"


def write_sbom(wheel: Path) -> Path:
    """Write the bill of a wheel beside it, as ``….cdx.json``, and return its path.

    Args:
        wheel: The wheel; its package is installed here with all its extras.
    """
    needs = needed(NAME, frozenset({"all"}))
    components = {name: component(name) for name in sorted(needs)}
    main = components.pop(canonicalize_name(NAME))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    main["hashes"] = [{"alg": "SHA-256", "content": digest}]
    references = {
        **{name: entry["bom-ref"] for name, entry in components.items()},
        canonicalize_name(NAME): main["bom-ref"],
    }
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": main},
        "components": list(components.values()),
        "dependencies": [
            {
                "ref": references[name],
                "dependsOn": sorted(references[other] for other in needs[name]),
            }
            for name in sorted(needs)
        ],
    }
    path = wheel.with_suffix(".cdx.json")
    text = json.dumps(bill, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf8", newline="\n")
    return path


def needed(package: str, extras: frozenset[str]) -> dict[str, set[str]]:
    """Return, by name, all that a package needs here and what each of these needs."""
    found: dict[str, set[str]] = {}
    waiting = [(canonicalize_name(package), extras)]
    seen = set()
    while waiting:
        name, asked = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        uses = found.setdefault(name, set())
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in asked | {""}
            ):
                other = canonicalize_name(requirement.name)
                uses.add(other)
                waiting.append((other, frozenset(requirement.extras)))
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
