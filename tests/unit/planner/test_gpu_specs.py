"""What a PCI id says, with each part of a row there or missing, and which code suits a GPU."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.versions import version
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import gpu_specs
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.gpu_specs import (
    NVML,
    gpu_spec,
)


@pytest.mark.parametrize(
    ("pci", "name", "architecture", "capability", "open_only", "first", "last_branch"),
    [
        # One module for both, so the branch that knows its capability counts, not the list of ids.
        ("2330", "NVIDIA H100 SXM5 80GB", "Hopper", "9.0", False, "525.60.13", None),
        # The chip goes with both modules, this product with one.
        ("2342", "NVIDIA GH200 120GB / 480GB", "Hopper", "9.0", True, "535.43.19", None),
        ("2343", "NVIDIA GH100 [2343]", "Hopper", "9.0", True, "525.60.13", None),
        ("2901", "NVIDIA B200", "Blackwell", "10.0", True, "570.86.15", None),
        ("2920", "NVIDIA TS4 / B100", "Blackwell", "10.0", True, "570.26", None),
        ("2204", "NVIDIA GeForce RTX 3090", "Ampere", "8.6", False, None, None),
        ("1db1", "NVIDIA Tesla V100 SXM2 16GB", "Volta", "7.0", False, None, "580"),
        ("1023", "NVIDIA Tesla K40m", "Kepler", "3.5", False, None, "470"),
        ("3fff", "unknown NVIDIA GPU 3fff", "Turing or newer (by its id)", None, False, None, None),
        (
            "133f",
            "unknown NVIDIA GPU 133f",
            "Kepler or older (by its id)",
            None,
            False,
            None,
            "470",
        ),
        (
            "1dff",
            "unknown NVIDIA GPU 1dff",
            "Maxwell, Pascal or Volta (by its id)",
            None,
            False,
            None,
            "580",
        ),
    ],
)
def test_a_gpu_is_what_its_row_its_chip_and_its_range_say(
    pci: str,
    name: str,
    architecture: str,
    capability: str | None,
    first: str | None,
    last_branch: str | None,
    *,
    open_only: bool,
) -> None:
    found = gpu_spec(f"10de:{pci}")
    assert (found.pci_id, found.device) == (f"10de:{pci}", pci)
    assert (found.name, found.architecture) == (name, architecture)
    assert found.capability_text == capability
    assert found.capability == (version(capability) if capability else None)
    assert found.open_only == open_only
    assert found.first_driver == first
    assert found.range.last_branch == last_branch


@pytest.mark.parametrize(("measured", "source"), [(None, False), ("9.0", False), ("9.1", True)])
def test_what_the_driver_measured_replaces_the_table(measured: str | None, *, source: bool) -> None:
    found, listed = gpu_spec("10de:2330", measured), gpu_spec("10de:2330")
    assert found.capability_text == (measured or "9.0")
    assert found.capability == version(measured or "9.0")
    assert (found.source is NVML) == source
    assert found._replace(capability=None, capability_text=None, source=NVML) == listed._replace(
        capability=None, capability_text=None, source=NVML
    )


@pytest.mark.parametrize(
    ("code", "capability", "best"),
    [
        ("8.0 8.6 9.0", "8.9", "8.6"),
        ("8.0 8.6 9.0", "8.6", "8.6"),
        ("8.0 8.6 9.0", "8.0", "8.0"),
        ("8.6 8.0", "8.9", "8.6"),
        ("8.6", "8.0", None),
        ("9.0", "10.0", None),
        ("7.0 7.5", "9.0", None),
        ("", "9.0", None),
        # That of an integrated chip is for it alone.
        ("8.7", "8.9", None),
        ("8.0 8.7", "8.9", "8.0"),
        ("8.0 8.7", "8.7", "8.7"),
        ("10.0 10.1", "10.3", "10.0"),
    ],
)
def test_the_best_code_for_a_gpu(code: str, capability: str, best: str | None) -> None:
    codes = tuple(map(version, code.split()))
    found = gpu_specs.best_code(codes, version(capability))
    assert found == (version(best) if best else None)
    assert gpu_specs.runs_native(codes, version(capability)) == (best is not None)
