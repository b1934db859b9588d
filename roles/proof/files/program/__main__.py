"""Run the proof in the environment whose Python runs this, and write the evidence as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import claims as claims_module
import groups
import processes

# Claims that import the stack need about that much each; the libraries of PyTorch are shared.
_MEMORY = 1 << 30  # bytes
# Longer than any program that a claim starts may take.
_LIMIT_S = 1000


def main() -> int:
    """Return 0 when every claim that applies to the plan holds, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--limit", type=float, default=_LIMIT_S, help="seconds of one claim")
    parser.add_argument("--group", action="append", choices=groups.ORDER, help="make these claims")
    parser.add_argument("--skip", type=int, default=0, help="claims of the first group")
    parser.add_argument("--report", type=int, help="descriptor that takes what a group finds")
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text(encoding="utf-8"))
    if options.group:
        stack = groups.Stack(plan, options.src, options.uv, options.work)
        processes.work(options.report, stack, options.group, options.skip, options.limit)
        return 0
    return _prove(plan, options)


def _prove(plan: dict, options: argparse.Namespace) -> int:
    import clips

    slots = processes.slots(_MEMORY)
    with tempfile.TemporaryDirectory(prefix="slowfast-stack-proof-") as scratch:
        work = options.work or Path(scratch)
        clips.write_data_set(work / "clips")
        argv = [sys.executable, str(Path(__file__).parent), "--work", str(work)]
        argv += ["--plan", str(options.plan), "--src", str(options.src), "--uv", options.uv]
        argv += ["--limit", str(options.limit)]
        with ThreadPoolExecutor(slots) as pool:
            found = list(
                pool.map(
                    lambda names: processes.run(argv, names, work, options.limit),
                    groups.together(plan, slots),
                )
            )
    by_group = {name: made for part in found for name, made in part.items()}
    made = [claim for name in groups.ORDER for claim in by_group.get(name, [])]
    made += [claims_module.skipped(item["id"], item["because"]) for item in plan["skipped_claims"]]
    ok = bool(made) and all(claim["ok"] is not False for claim in made)
    _write(options.out, {"ok": ok, "plan": plan["id"], "made_at": _now(), "claims": made})
    return 0 if ok else 1


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _write(path: Path, value: object) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
