"""Claims: the planned packages are installed, and their requirements do not conflict."""

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


# Requirements that may stay unmet, by (distribution, requirement), and the reason.
EXPLAINED = {
    ("pb1-detectron2", "black"): "pins a formatter of 2021; only used to lay out dumped configs",
    ("pb1-detectron2", "future"): "only used by the Caffe2 export, which PyTorch has removed",
    ("pb1-detectron2", "pydot"): "only used by the Caffe2 export, which PyTorch has removed",
}


def _explanation(plan: dict, package: str, requirement: str) -> str | None:
    """Return why ``requirement`` of ``package`` may stay unmet in this plan; None where it may not."""
    source = plan["sources"].get(requirement)
    if source and source["origin"] == "pypi":
        return f"provided by {source['requirement']} of PyPI under another name"
    return EXPLAINED.get((package, requirement))


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
    pattern = r"The package `([^`]+)` requires `([A-Za-z0-9_.-]+)[^\n]*"
    for found in re.finditer(pattern, done.stderr):
        reason = _explanation(plan, found.group(1), found.group(2).rstrip("."))
        (explained if reason else wrong).append(f"{found.group(0)} [{reason or 'unexplained'}]")
    if not explained and not wrong:
        return False, (done.stderr or done.stdout).strip()
    return not wrong, "; ".join(wrong or explained)
