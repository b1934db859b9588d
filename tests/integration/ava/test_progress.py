"""What a long job shows: bars with rate and time left on a terminal, a line for each result else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

PROGRAM = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from slowfast_stack.ui import progress
with progress.shown("extract", progress.frames) as report:
    report("", 0, 4000)
    for done in range(0, 1001, 100):
        report("a", done, 1000)
        report("b", done // 2, 1000)
        time.sleep(0.15)
"""


def on_a_terminal() -> str:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "24"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=theirs, stderr=theirs, env=environment
    ) as child:
        os.close(theirs)
        said = b""
        while True:
            try:
                said += os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    assert child.returncode == 0, said.decode()
    return said.decode()


def test_a_terminal_shows_bars_with_amount_rate_and_time_left() -> None:
    said = on_a_terminal()
    complete = [line for line in said.replace("\r", "\n").split("\n") if "extract" in line]
    assert "1,500 frames of 4,000 frames" in complete[-1]
    assert "frames/s" in complete[-1]
    assert any("00:0" in line for line in complete), complete[-1]
    assert "  b" in said
    assert "500 frames of 1,000 frames" in said


def test_a_log_gets_a_line_when_a_video_is_done() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    (line,) = done.stderr.splitlines()
    assert line.endswith("s  a: 1,000 frames")
