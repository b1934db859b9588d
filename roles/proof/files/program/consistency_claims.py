"""Claims: the activation script works, and all CUDA versions of the stack agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import collect_env
import cubin
from claims import Claim

LIMIT_S = 600
# Prints what the script sets, and whether `deactivate` restores the previous values.
ENTER_AND_LEAVE = """
before="$PATH|${CUDA_HOME-unset}|${LD_LIBRARY_PATH-unset}"
. "$0"
printf '%s\\n%s\\n%s\\n' "$(command -v python)" "${CUDA_HOME-}" "${LD_LIBRARY_PATH-}"
deactivate
[ "$before" = "$PATH|${CUDA_HOME-unset}|${LD_LIBRARY_PATH-unset}" ] && echo left
"""
RUN_INSIDE = '. "$0" && exec python -m detectron2.utils.collect_env'


def claims(plan: dict, stack: Path) -> list[Claim]:
    """Return the claims about the parts of the stack in the folder ``stack`` working together."""
    made = [
        Claim(
            "environment.activation",
            "the stack's python and CUDA toolkit after activate, the previous values after deactivate",
            lambda: _activation(plan, stack),
        ),
        Claim(
            "detectron2.collect_env",
            "driver, runtime, nvcc, PyTorch and extension agree",
            lambda: _collect_env(plan, stack),
        ),
    ]
    if plan["build"]["force_cuda"] and _compiled(plan):
        made.append(
            Claim(
                "detectron2.code",
                f"machine code for {plan['torch']['arch_list']} in the extension",
                lambda: _code(plan, stack),
            )
        )
    return made


def _activation(plan: dict, stack: Path) -> tuple[bool, str]:
    argv = ["sh", "-euc", ENTER_AND_LEAVE, str(stack / "activate")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or len(lines) != 4:
        return False, (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
    python, home, libraries, _end = lines
    wanted = _home(plan, stack) or os.environ.get("CUDA_HOME", "")
    ok = python == str(stack / "env" / "bin" / "python") and home == wanted
    if plan["build"]["cuda_home"]:
        ok = ok and libraries.split(":")[0] == f"{wanted}/lib64"
    return ok, f"{python}, CUDA_HOME {home or 'not set'}"


def _home(plan: dict, stack: Path) -> str | None:
    """Return the folder of the toolkit; one of PyPI is in the stack."""
    planned = plan["build"]["cuda_home"]
    return str(stack / planned) if planned else None


def _compiled(plan: dict) -> bool:
    return "detectron2.compiled_ops" not in {item["id"] for item in plan["skipped_claims"]}


def _collect_env(plan: dict, stack: Path) -> tuple[bool, str]:
    done = subprocess.run(
        ["sh", "-c", RUN_INSIDE, str(stack / "activate")],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        return False, f"exit status {done.returncode}: {done.stderr.strip()[-600:]}"
    report = collect_env.read(done.stdout)
    found = collect_env.findings(report, _expected(plan, stack))
    found += [line for line in done.stdout.splitlines() if "environment is broken" in line]
    return not found, "; ".join(found) or _summary(report)


def _summary(report: collect_env.Report) -> str:
    names = ("PyTorch", "CUDA compiler", "detectron2 arch flags", "Driver version", "CUDA_HOME")
    rows = [(name, report.get(name).partition(" @")[0]) for name in names]
    return "; ".join(f"{name} {value}" for name, value in rows if value) + "; no disagreement"


def _expected(plan: dict, stack: Path) -> collect_env.Expected:
    home = _home(plan, stack)
    gpu = plan["profile"] == "cuda"
    code = _extension_cubins(stack) if gpu and _compiled(plan) else None
    arch_list = plan["torch"]["arch_list"] or ""
    return collect_env.Expected(
        torch=plan["torch"]["version"],
        cuda=plan["torch_wheels"]["cuda"],
        gpu=gpu,
        toolkit=plan["cuda"]["toolkit"] if plan["cuda"] else None,
        cuda_home=home,
        minimum_driver=plan["torch"].get("minimum_driver"),
        compiled=_compiled(plan),
        nvcc=_nvcc(home) if home else None,
        code=code.names() if code else [],
        code_missing=cubin.missing(arch_list, code) if code else [],
    )


def _nvcc(home: str) -> str | None:
    argv = [str(Path(home) / "bin" / "nvcc"), "--version"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.search(r"release (\d+\.\d+)", done.stdout)
    return found.group(1) if found else None


def _extension_cubins(stack: Path) -> cubin.Code:
    version = "python{}.{}".format(*sys.version_info)
    package = stack / "env" / "lib" / version / "site-packages" / "detectron2"
    path = next(package.glob("_C*.so"))
    return cubin.of_bytes(path.read_bytes())


def _code(plan: dict, stack: Path) -> tuple[bool, str]:
    code = _extension_cubins(stack)
    return not cubin.missing(plan["torch"]["arch_list"], code), str(code)
