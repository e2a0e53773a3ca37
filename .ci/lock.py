"""Writes constraints.txt: one version of everything that pip puts into .venv.

Run by `make lock`, with the system's Python. The oldest Python that is supported decides, since a
project's newest release may have dropped it; so this refuses to run on a newer one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)

# Debian's python3-pyasn serves; a version locked here would be compiled in its place.
FROM_THE_SYSTEM = {"pyasn"}

HEADER = """\
# The versions of everything in .venv, for run time and tests alike. Written by `make lock`;
# `make setup` and `make install` install no others. BCC and pyasn are the distribution's.
"""


def requirements() -> list[str]:
    """What pyproject.toml asks for, what builds the package, and setup.sh's own additions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(line for group in project["dependency-groups"].values() for line in group),
    ]
    script = (ROOT / "setup.sh").read_text()
    listed = re.search(r"^readonly test_projects=\((.*?)^\)", script, re.MULTILINE | re.DOTALL)
    if listed is None:
        sys.exit("lock: setup.sh has no list named test_projects")
    wanted += re.findall(r'^  "([^|]+)\|', listed[1], re.MULTILINE)
    return [line for line in wanted if re.split(r"[^\w.-]", line)[0] not in FROM_THE_SYSTEM]


def resolve(wanted: list[str]) -> dict[str, str]:
    """Project name to version, of `wanted` and all that they need. Asks the package index."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)  # an empty one: the system's packages decide nothing
        report = Path(folder) / "report.json"
        pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
        options = ["install", "--dry-run", "--ignore-installed", "--report", str(report)]
        done = subprocess.run([*pip, *options, *wanted], check=False)  # noqa: S603  our own list
        if done.returncode:
            sys.exit("lock: pip found no set of versions, or no network: its lines above say why")
        found = json.loads(report.read_text())["install"]
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in found}


def main() -> None:
    """Resolve, then write constraints.txt."""
    if sys.version_info[:2] != OLDEST:
        sys.exit(f"lock: needs Python {OLDEST[0]}.{OLDEST[1]}, the oldest supported (Debian 12)")
    versions = resolve(requirements())
    lines = [f"{name}=={version}\n" for name, version in versions.items()]
    text = HEADER + "".join(sorted(lines, key=str.lower))
    (ROOT / "constraints.txt").write_text(text)
    print(f"constraints.txt: {len(lines)} versions")


if __name__ == "__main__":
    main()
