"""Write the SHA-256 of every file that a pin of the catalog may be installed from, as PyPI has it.

    package_files.py            reads PyPI with uv and writes _stack/catalog/package_files.py
    package_files.py --new      reads only the pins that have no row yet
    package_files.py --check    exits 1 where a pin has no row

Files of other systems are left out, and source distributions where there is a wheel.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog import (
    cuda_wheels,
    packages,
    partners,
    torch,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.package_files import (
    FILES,
    prefix_of,
)

TARGET = Path(__file__).resolve().parents[1] / (
    "plugins/module_utils/_stack/catalog/package_files.py"
)
UV = Path(sys.executable).parent / "uv"
START, END = '_ROWS = """', '"""\n'


def pins() -> dict[str, str]:
    """Return every pin of the catalog, with a Python that it is for."""
    rows = (*packages.PINS, *packages.DEPENDENCIES)
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(f"{row.name}=={row.version}", row.pythons.split("-")[0])
    for release in torch.RELEASES:
        python = release.pythons.split("-")[0]
        found[f"torch=={release.torch}"] = python
    for partner in partners.PARTNERS:
        if partner.pythons:
            first = partner.pythons.partition("-")[0]
            found[f"{partner.name}=={partner.version}"] = "3.12" if first == "any" else first
    for compiler in cuda_wheels.COMPILERS:
        found.update(dict.fromkeys(compiler.requirements, "3.12"))
    return found


def fits(file: str) -> bool:
    """Return whether a wheel is for a planned platform."""
    *_name, python, abi, platform = file.removesuffix(".whl").split("-")
    machines = ("x86_64", "aarch64")
    if abi.endswith("t"):  # without the global lock
        return False
    linux = platform.startswith(("manylinux", "linux")) and platform.endswith(machines)
    known = any(f"cp3{minor}" in python.split(".") for minor in range(9, 15))
    return (linux or platform == "any") and (known or python.startswith(("py", "cp3")))


def files(pin: str, python: str) -> dict[str, str]:
    """Return the files of a pin with their SHA-256, as PyPI says. Exits where it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.in"
        given.write_text(pin + "\n", encoding="utf-8")
        argv = [str(UV), "pip", "compile", "--quiet", "--no-deps", "--no-header", "--universal"]
        argv += ["--python-version", python, "--format", "pylock.toml", str(given)]
        done = subprocess.run(argv, check=True, capture_output=True, text=True)
    (row,) = tomllib.loads(done.stdout)["packages"]
    wheels = {
        wheel["url"].rpartition("/")[2]: wheel["hashes"]["sha256"]
        for wheel in row.get("wheels", ())
    }
    fitting = {name: digest for name, digest in wheels.items() if fits(name)}
    if fitting or "sdist" not in row:
        return fitting
    sdist = row["sdist"]
    return {sdist["url"].rpartition("/")[2]: sdist["hashes"]["sha256"]}


def row(pin: str, name: str, digest: str) -> str:
    """Return the row of a file; of a wheel, without how its name begins and ends."""
    begins = prefix_of(pin)
    wheel = name.startswith(f"{begins}-") and name.endswith(".whl")
    return f"{digest}  {name.removeprefix(begins).removesuffix('.whl') if wheel else name}"


def replaced(text: str, lines: list[str]) -> str:
    """Return the text of the file with other rows, read today."""
    day = datetime.now(tz=UTC).date().isoformat()
    head, rest = re.sub(r'(?m)(^READ = .*")[0-9-]+"', rf'\g<1>{day}"', text, count=1).split(START)
    return f"{head}{START}{chr(10).join(lines)}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the file, or compare it with the pins."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--new", action="store_true")
    options, wanted = parser.parse_args(), pins()
    if options.check:
        lacking = sorted(wanted.keys() ^ FILES.keys())
        print("\n".join(f"package_files.py: {pin}" for pin in lacking), end="\n" * bool(lacking))
        return 1 if lacking else 0
    lines = []
    for pin, python in sorted(wanted.items()):
        known = FILES[pin] if options.new and pin in FILES else None
        found = known or files(pin, python)
        lines += [pin, *(row(pin, name, digest) for name, digest in sorted(found.items()))]
        print(pin, len(found))
    TARGET.write_text(replaced(TARGET.read_text(encoding="utf-8"), lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
