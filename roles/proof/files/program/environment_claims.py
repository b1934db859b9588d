"""What is installed is what was planned, and the packages agree with each other."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata

from claims import Claim


def claims(plan: dict, uv: str) -> list[Claim]:
    """Return the claims about versions, for the plan of this host."""
    return [
        Claim("environment.versions", "every pinned version", lambda: _versions(plan)),
        Claim(
            "environment.pip_check", "no conflict without an explanation", lambda: _check(plan, uv)
        ),
    ]


def _pins(plan: dict) -> dict[str, str]:
    pins = dict(pin.split("==") for pin in plan["packages"] if "==" in pin)
    for name in ("torch", "torchvision"):
        wanted = plan[name]
        pins[name] = wanted["version"] if isinstance(wanted, dict) else wanted
    return pins


def _versions(plan: dict) -> tuple[bool, str]:
    wrong = []
    pins = _pins(plan)
    for name, wanted in sorted(pins.items()):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "absent"
        if found.split("+")[0] != wanted.split("+")[0]:
            wrong.append(f"{name} {found} (planned {wanted})")
    python = "{}.{}".format(*sys.version_info)
    if python != plan["python"]:
        wrong.append(f"Python {python} (planned {plan['python']})")
    return not wrong, "; ".join(wrong) or f"{len(pins)} packages as planned, Python {python}"


def _explanations(plan: dict) -> dict[str, str]:
    """Map the distribution whose metadata cannot be satisfied by design to the reason."""
    sources = plan["sources"]
    found = {}
    for name, source in sources.items():
        if source and source["origin"] == "pypi":
            stands_for = source["requirement"].split("==")[0]
            if stands_for != name:
                found[name] = f"provided by {source['requirement']} of PyPI under another name"
    return found


def _check(plan: dict, uv: str) -> tuple[bool, str]:
    done = subprocess.run(
        [uv, "pip", "check", "--python", sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return True, "clean"
    explained, wrong = [], []
    reasons = _explanations(plan)
    for line in re.findall(r"The package `.*", done.stderr):
        needed = re.search(r"requires `([A-Za-z0-9_.-]+)", line)
        reason = reasons.get(needed.group(1)) if needed else None
        (explained if reason else wrong).append(f"{line.strip()} [{reason}]" if reason else line)
    if not explained and not wrong:
        return False, (done.stderr or done.stdout).strip()
    return not wrong, "; ".join(wrong or explained)
