"""Compare each role's argument_specs.yml with its defaults/main.yml, and generate its README.md.

With --check no file is written, and an outdated README is an error.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Return 1 when a role's files disagree or its README is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    problems = []
    for role in sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir()):
        spec = _load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
        problems += _differences(role, spec)
        problems += _readme(role, spec, check=check)
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _differences(role: Path, spec: dict[str, Any]) -> list[str]:
    defaults = _load(role / "defaults" / "main.yml")
    options = {
        name: option.get("default")
        for name, option in spec["options"].items()
        if not option.get("required")
    }
    found = [f"{role.name}: {name} is not in both files" for name in options.keys() ^ defaults]
    found += [
        f"{role.name}: {name} is {defaults[name]!r} in defaults, {options[name]!r} in the spec"
        for name in options.keys() & defaults
        if options[name] != defaults[name]
    ]
    found += [
        f"{role.name}: {name} does not start with the role's name"
        for name in defaults
        if not name.startswith(f"{role.name}_")
    ]
    return found


def _readme(role: Path, spec: dict[str, Any], *, check: bool) -> list[str]:
    path = role / "README.md"
    wanted = _render(role.name, spec)
    if path.is_file() and path.read_text(encoding="utf-8") == wanted:
        return []
    if check:
        return [f"{role.name}: README.md is stale; run scripts/check_specs.py"]
    path.write_text(wanted, encoding="utf-8")
    return []


def _render(name: str, spec: dict[str, Any]) -> str:
    lines = [f"# slowfast.stack.{name}", "", f"{spec['short_description']}."]
    for text in spec.get("description", []):
        lines += ["", text]
    lines += ["", "| variable | type | default | meaning |", "|---|---|---|---|"]
    for option, entry in spec["options"].items():
        text = entry["description"]
        meaning = text if isinstance(text, str) else " ".join(text)
        lines.append(f"| `{option}` | {entry['type']} | {_default(entry)} | {meaning} |")
    return re.sub(r"\b[COV]\(([^)]*)\)", r"`\1`", "\n".join(lines) + "\n")


def _default(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "(required)"
    return "(empty)" if option.get("default") in ("", None) else f"`{option['default']}`"


if __name__ == "__main__":
    sys.exit(main())
