"""Symptoms are found in output of any size and form, in bounded time and memory."""

from __future__ import annotations

import itertools
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.recognize import (
    BLOCK,
    explain,
    findings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

UNMET = " nvidia-driver : Depends: libcuda1 (= 580) but it is not going to be installed"
HELD = "E: Unable to correct problems, you have held broken packages."
DNS = "E: Failed to fetch http://x/a.deb  Could not resolve 'x.org'"
FULL = "/build/cc1.s: fatal error: error writing to a.o: No space left on device"


@pytest.mark.parametrize(
    "line",
    [
        f"\x1b[01m\x1b[K{FULL}\x1b[m\x1b[K",
        f"[rank3]: {FULL}",
        f"2026-11-30T12:00:00.123Z {FULL}",
        f"[11/30 12:00:00][ERROR] train_net.py:  12: {FULL}",
        f"Nov 30 12:00:00 gpu01 python[123]: {FULL}",
        f"#12 3.456 {FULL}",
        f"frame=1\rframe=2\r{FULL}",
        f"E   {FULL}",
        f"{FULL}\r",
    ],
)
def test_marks_before_a_message_are_ignored(line: str) -> None:
    found = explain(line)
    assert found is not None
    assert found.symptom.id == "disk.full"


@pytest.mark.parametrize(
    "text",
    [
        f"'/usr/bin/apt-get -y install 'nvidia-open=580'' failed: {HELD}",
        f"Failed to update apt cache: W:Something else., E:{HELD[3:]}",
        f"Failed to update apt cache after 5 retries: E:{HELD[3:]}",
        f"Error: {HELD[3:]}",
        f"    msg: '{HELD}'",
        f"    msg: '''/usr/bin/apt-get -y install ''nvidia-open=580'''' failed: {HELD}'",
    ],
)
def test_the_ways_of_writing_of_apt_and_ansible_are_one(text: str) -> None:
    found = explain(text)
    assert found is not None
    assert found.symptom.id == "apt.held-packages"


def test_the_most_specific_cause_is_first_wherever_it_is() -> None:
    for lines in itertools.permutations(
        (UNMET, HELD, "E: Some index files failed to download. {}")
    ):
        found = findings(["\n".join(lines)])
        assert [each.symptom.id for each in found] == ["apt.unmet", "apt.held-packages"]
        assert found[0].cause.startswith("nvidia-driver needs libcuda1, which apt")
        assert found[0].command == "apt-mark showhold; apt-cache policy libcuda1 nvidia-driver"


def test_a_finding_has_the_number_of_its_first_line_however_the_text_is_cut() -> None:
    text = "a\n" * 70_000 + f"{DNS}\n" + "b\n" * 90_000 + f"{FULL}\n{DNS}\n"
    for size in (1000, BLOCK, len(text)):
        found = findings(text[at : at + size] for at in range(0, len(text), size))
        assert [(each.symptom.id, each.number, each.times) for each in found] == [
            ("disk.full", 160_002, 1),
            ("packages.unknown-host", 70_001, 2),
        ]


def endless(line: str, count: int) -> Iterator[str]:
    for _ in range(count):
        yield line


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("x" * (1 << 20), 16),
        ("training goes on, loss 0.5\n" * 40_000, 16),
        (f"{DNS}\n" * 1000, 8),
        ("fatal: [" * 30_000, 8),
        ("failed: E: " * 20_000 + "\n", 8),
        ('fatal: [h]: FAILED! => {"msg": ' + "[" * 20_000 + "No space left on device\n", 8),
        ("No space left on device: " * 10_000 + "\n", 8),
        (" : Depends: a but " * 10_000 + "is to be installed\n", 8),
        ("[1] " * 60_000 + "No space left on device\n", 8),
        (", E:" * 60_000 + "No space left on device\n", 8),
        ("\x1b[" + "1;" * 100_000 + "No space left on device\n", 8),
    ],
    ids=["one line", "no message", "the same message", *(f"hostile {i}" for i in range(8))],
)
def test_text_of_any_size_takes_bounded_memory_and_time(line: str, count: int) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    findings(endless(line, count))
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert seconds < 20


def test_nothing_is_guessed() -> None:
    assert explain("") is None
    assert explain("E: something new") is None
