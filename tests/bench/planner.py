"""How fast the planner is, and what a chooser by driver alone would get wrong.

Run it with the environment's Python: ``python tests/bench/planner.py``. All figures come from one
run on one core. The comparison gives both choosers the same GPUs, each with the newest driver
that drives it, and counts the GPUs whose chosen wheel has no code for them.
"""

from __future__ import annotations

import itertools
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "src")]

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.distributions import (
    DISTRIBUTIONS,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.drivers import BRANCHES
from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.gpus import GPUS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import (
    candidates,
    gpu_specs,
    planner,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan

HOSTS = 10_000


def host(rng: random.Random) -> dict[str, object]:
    """Return a random host of one to three kinds of GPUs."""
    row = rng.choice(DISTRIBUTIONS)
    devices = [rng.choice(GPUS).device for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    driver = rng.choice((None, None, "535.183.01", "550.163.01", "580.95.05"))
    return {
        "architecture": rng.choice(("x86_64", "x86_64", "x86_64", "aarch64")),
        "distribution": {"id": row.id, "version": row.version, "family": row.family},
        "glibc": row.glibc,
        "root": rng.random() < 0.9,
        "cores": rng.randint(1, 192),
        "memory_mib": rng.randint(2_000, 2_000_000),
        "gpus": [
            {"slot": f"0000:{n:02x}:00.0", "pci_id": f"10de:{d}"} for n, d in enumerate(devices)
        ],
        "driver": {"version": driver, "flavour": None} if driver else None,
        "compilers": [
            {"major": 12, "version": "12.2.0", "path": "/usr/bin/gcc", "cxx": "/usr/bin/g++"}
        ],
        "pythons": [{"version": f"{row.python}.1", "path": "/usr/bin/python3", "headers": True}],
    }


def by_driver_alone(driver: str) -> candidates.Wheel:
    """Return the newest wheel whose minimum driver is satisfied, as driver-only choosers do."""
    every = [w for release in candidates.wheels("x86_64", "newest", gpu=True) for w in release]
    fitting = (
        wheel
        for wheel in every
        if wheel.machine == "x86_64" and wheel.driver and version(driver) >= wheel.driver
    )
    return max(fitting, key=lambda wheel: (wheel.torch, wheel.cuda))


def newest_driver(device: str) -> str | None:
    """Return the newest driver that drives a GPU, None where no branch does."""
    fitting = [row.newest for row in BRANCHES if row.first_device <= device <= row.last_device]
    return max(fitting, key=version, default=None)


def has_no_code(device: str, wheel: candidates.Wheel) -> bool:
    """Return whether a wheel has nothing that runs on a GPU."""
    capability = gpu_specs.gpu_spec(f"10de:{device}").capability
    return capability is None or not gpu_specs.runs_native(wheel.code, capability)


def compare() -> None:
    """Print how many GPUs get a wheel without code for them from each chooser."""
    wrong = {"driver alone": 0, "planner": 0}
    refused = 0
    for row in GPUS:
        driver = newest_driver(row.device)
        if driver and has_no_code(row.device, by_driver_alone(driver)):
            wrong["driver alone"] += 1
        plan = planner.plan(
            {
                "architecture": "x86_64",
                "distribution": {"id": "ubuntu", "version": "22.04", "family": "debian"},
                "root": True,
                "gpus": [{"pci_id": f"10de:{row.device}"}],
            },
            {"preset": "newest"},
        )
        refused += isinstance(plan, NoPlan)
        if isinstance(plan, Plan):
            name = (plan.torch.version, plan.torch.variant)
            releases = candidates.wheels("x86_64", "newest", gpu=True)
            chosen = next(
                w
                for w in itertools.chain(*releases)
                if (w.row.torch, w.variant, w.machine) == (*name, "x86_64")
            )
            wrong["planner"] += has_no_code(row.device, chosen)
    print(f"of {len(GPUS)} GPUs, wheels without code for the GPU:")
    print(f"  newest wheel by driver alone: {wrong['driver alone']}")
    print(f"  planner: {wrong['planner']} ({refused} refused with a reason, on Ubuntu 22.04)")


def main() -> None:
    """Run everything."""
    rng = random.Random(20261122)
    hosts = [host(rng) for _ in range(HOSTS)]
    started = time.perf_counter()
    planner.plan(hosts[0])
    print(f"first plan in this process: {(time.perf_counter() - started) * 1e3:.1f} ms")
    statuses, times = [], []
    for each in hosts:
        core = time.process_time()
        statuses.append(planner.plan(each).status)
        times.append(time.process_time() - core)
    print(f"{HOSTS} different hosts: {sum(times):.2f} s of one core,", end=" ")
    print(f"median {statistics.median(times) * 1e3:.2f} ms;", end=" ")
    print(f"{statuses.count('planned')} planned, {statuses.count('no-plan')} refused")
    times = []
    for _ in range(5):
        started = time.perf_counter()
        argv = [sys.executable, "-m", "slowfast_stack", "plan", "--gpu", "10de:2330"]
        argv += ["--os", "ubuntu-22.04", "--json"]
        path = {"PYTHONPATH": f"{ROOT / 'collections'}:{ROOT / 'src'}", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(argv, env=path, capture_output=True, check=False)
        times.append(time.perf_counter() - started if done.returncode == 0 else float("nan"))
    print(f"slowfast-stack plan --gpu --json, one process, median of 5: {sorted(times)[2]:.3f} s")
    compare()


if __name__ == "__main__":
    main()
