"""Run the proof in the environment whose Python runs this, and write the evidence as JSON."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import claims as claims_module

# Each group runs in its own process, which imports the stack once: that import takes most of the time.
GROUPS = ("run_net", "libraries", "rehearsal", "consistency")


def main() -> int:
    """Return 0 when every claim that applies to the plan holds, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--src", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--group", choices=GROUPS)
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text(encoding="utf-8"))
    if options.group:
        made = [claim.make() for claim in _claims(options.group, plan, options)]
        _write(options.out, made)
        return 0
    return _prove(plan, options)


def _claims(group: str, plan: dict, options: argparse.Namespace) -> list[claims_module.Claim]:
    if group == "consistency":
        import consistency_claims

        return _made(plan, consistency_claims.claims(plan, options.src.parent))
    data, out = options.work / "clips", options.work / group
    if group == "rehearsal":
        import rehearsal_claims

        return _made(plan, rehearsal_claims.claims(plan, options.src, out))
    import detectron2_claims
    import environment_claims
    import ffmpeg_claims
    import library_claims
    import run_net_claims
    import slowfast_claims
    import torch_claims

    if group == "run_net":
        made = run_net_claims.claims(plan, options.src, data, out)
    else:
        made = [
            *environment_claims.claims(plan, options.uv),
            *torch_claims.claims(plan),
            *detectron2_claims.claims(plan),
            *library_claims.claims(options.src),
            *ffmpeg_claims.claims(plan, options.src.parent / "ffmpeg", out),
            *slowfast_claims.Trained(plan, options.src, data, out).claims(),
        ]
    return _made(plan, made)


def _made(plan: dict, claims: list[claims_module.Claim]) -> list[claims_module.Claim]:
    """Leave out the claims that do not apply to this plan."""
    left_out = {item["id"] for item in plan["skipped_claims"]}
    return [claim for claim in claims if claim.id not in left_out]


def _prove(plan: dict, options: argparse.Namespace) -> int:
    import clips

    with tempfile.TemporaryDirectory(prefix="slowfast-stack-proof-") as scratch:
        work = options.work or Path(scratch)
        clips.write_data_set(work / "clips")
        with ThreadPoolExecutor(max(1, min(len(GROUPS), os.cpu_count() or 1))) as pool:
            results = list(pool.map(lambda group: _run_group(group, work, options), GROUPS))
    made = [claim for group in results for claim in group]
    made += [claims_module.skipped(item["id"], item["because"]) for item in plan["skipped_claims"]]
    ok = bool(made) and all(claim["ok"] is not False for claim in made)
    _write(options.out, {"ok": ok, "plan": plan["id"], "made_at": _now(), "claims": made})
    return 0 if ok else 1


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _run_group(group: str, work: Path, options: argparse.Namespace) -> list[dict[str, object]]:
    """Run one group in its own process, so that a crash of the stack becomes a failed claim."""
    out = work / f"{group}.json"
    started = time.monotonic()
    argv = [sys.executable, str(Path(__file__).parent), "--group", group, "--work", str(work)]
    argv += ["--plan", str(options.plan), "--src", str(options.src), "--uv", options.uv]
    done = subprocess.run(
        [*argv, "--out", str(out)],
        env={"OMP_NUM_THREADS": "1", **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 0 and out.is_file():
        return json.loads(out.read_text(encoding="utf-8"))
    tail = " | ".join(done.stdout.strip().splitlines()[-3:])
    return [
        {
            "id": f"proof.{group}",
            "ok": False,
            "expected": "the claims of this group",
            "measured": f"exit status {done.returncode}: {tail}",
            "seconds": round(time.monotonic() - started, 2),
        }
    ]


def _write(path: Path, value: object) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
