"""What ``probe`` prints of a driver that does not work, and of shared GPUs."""

from __future__ import annotations

import pytest
from support.plan_builder import host

from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.ui import host_summary


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("h100-driver-550-upgraded", "the driver does not work: the module of driver 550.90.07"),
        ("h100-driver-580-gpu-did-not-start", "the driver does not work: the GPU at 0000:10:00.0"),
        ("h100-driver-580-mig", "MIG          3 instances of 0000:10:00.0"),
        ("t4-vgpu-ubuntu-22.04", "vGPU         GRID T4-8Q"),
    ],
)
def test_what_is_shared_or_does_not_work_is_shown(name: str, words: str) -> None:
    run = HostRun(name, facts={"stack_host": host(name)})
    assert words in host_summary.text(run)


def test_a_driver_that_works_and_entire_gpus_need_no_line() -> None:
    run = HostRun("h100", facts={"stack_host": host("h100-driver-580-toolkit-13.0")})
    text = host_summary.text(run)
    assert "driver       580.95.05 open" in text
    assert not any(word in text for word in ("does not work", "MIG", "vGPU"))
