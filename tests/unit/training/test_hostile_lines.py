"""No line that a training program writes ends its run, or steers the terminal."""

from __future__ import annotations

import io
import json
import signal
import sys
from pathlib import Path

import pytest
from rich.console import Console

from slowfast_stack.training import log_parser, runner, subprocess
from slowfast_stack.training.installed import Installed
from slowfast_stack.training.run_state import Progress
from slowfast_stack.training.runner import Followed
from slowfast_stack.training.subprocess import Ended
from slowfast_stack.ui import streams, terminal, training_display

GOOD = {"epoch": "1/2", "iter": "1/2", "eta": "0:00:10", "dt": 1.0, "loss": 1.0, "lr": 0.1}
KINDS = (*log_parser._KINDS, "x", None)
KEYS = (*GOOD, "cur_epoch", "cur_iter", "map", "top1_acc", "top5_err", "gpu_mem", "mode", "split")
VALUES = (
    "x", "\x1b[31mred", "1/0", "-1/5", "1" * 5000 + "/2", None, [], {}, [1], True, 10**400, "1e400",
    "NaN", float("nan"), float("inf"), "9" * 30 + " days, 0:00:01", "1" * 5000 + ":00:01", "0:99:99",
    -5, "", "\u0663/\u0664", "\u00b2/\u00b2", "1_0/2", "1.5/2",
)  # fmt: skip
LINES = (
    "x: Start epoch: " + "1" * 5000,
    "x: Epoch " + "1" * 5000 + " takes 1.0s.",
    "x: Epoch 1 takes 1.2.3s.",
    "x: Epoch 1 takes ....s.",
    "json_stats: " + "{" * 100_000 + "}",
    "json_stats: {" + "[" * 100_000 + "}",
    "json_stats: {} {}",
)


def shown(progress: Progress) -> None:
    """Show a run in every way."""
    training_display._draw(progress, "title", 1.0)
    console = Console(file=io.StringIO())
    console.print(progress.position(), progress.figures())
    json.dumps(progress.as_dict())


def test_no_value_of_upstream_ends_a_run() -> None:
    for kind in KINDS:
        for key in KEYS:
            for value in VALUES:
                progress, stats = Progress(), {"_type": kind, **GOOD, key: value}
                for _again in (1, 2):
                    log_parser.feed(progress, f"[INFO] json_stats: {json.dumps(stats)}")
                    shown(progress)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_no_line_of_upstream_ends_a_run(line: str) -> None:
    progress = Progress()
    log_parser.feed(progress, line)
    shown(progress)


def test_what_is_no_number_is_no_score() -> None:
    progress = Progress()
    log_parser.feed(progress, 'json_stats: {"_type": "test_final", "top1_acc": "x", "top5_err": 4}')
    assert progress.tested == {"top5": 96.0}


def test_text_of_upstream_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    evil, progress = "\x1b]0;t\x07\x1b[2J", Progress()
    lines = (f"Loading network weights from /x{evil}.", f"ValueError: {evil}")
    with streams.guarded():
        screen = training_display.Screen(terminal.console())
        with screen.follow(progress, f"title{evil}") as show:
            for line in lines:
                show(log_parser.feed(progress, line))
        terminal.print_error(runner.failure(Followed(progress, Ended(1, 0), Path("log"), 1.0)))
        terminal.show({"run": progress.as_dict()}, [str(progress.as_dict())], as_json=False)
        terminal.show({"run": progress.as_dict()}, [], as_json=True)
    out, error = capsys.readouterr()
    assert "\x1b" not in out + error
    assert "\\x1b[2J" in out
    assert "\\x1b[2J" in error


def test_json_has_null_where_a_loss_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    log_parser.feed(progress, 'json_stats: {"_type": "train_iter", "loss": NaN, "lr": Infinity}')
    assert progress.loss != progress.loss
    terminal.print_json({"run": progress.as_dict(), "rows": [(1, float("nan"))]})

    def refused(name: str) -> None:
        raise AssertionError(name)

    found = json.loads(capsys.readouterr().out, parse_constant=refused)
    assert found["run"]["loss"] is None
    assert found["rows"] == [[1, None]]


def test_a_signal_without_a_name_is_named_by_its_number() -> None:
    for code, name in ((-signal.SIGTERM, "SIGTERM"), (-signal.SIGRTMIN - 1, "35")):
        ended = Followed(Progress(), Ended(code, 0), Path("log"), 1.0)
        assert name in runner.failure(ended).message


def test_a_cause_far_above_the_last_lines_is_found_in_the_log(tmp_path: Path) -> None:
    log, after = tmp_path / "a.log", "frame #1: <unknown function>\n" * 500
    log.write_text(f"NCCL WARN Bootstrap : no socket interface found\n{after}")
    error = runner.failure(Followed(Progress(), Ended(1, 0), log, 1.0))
    assert "no network interface" in error.cause
    assert error.hint.endswith("Run: ip -br address; env | grep NCCL")
    last = Progress()
    last.tail.append("RuntimeError: something new")
    log.write_text(after)
    unknown = runner.failure(Followed(last, Ended(1, 0), log, 1.0))
    assert unknown.cause == "RuntimeError: something new"
    assert str(log) in unknown.hint


def test_a_line_without_an_end_is_cut(tmp_path: Path) -> None:
    text = f"import sys; sys.stdout.write('x' * {5 << 20})"
    found: list[str] = []
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python").symlink_to(sys.executable)
    own = Installed(tmp_path)
    ended = subprocess.run(own, ["-c", text], tmp_path, found.append, place=str(tmp_path))
    assert ended.code == 0
    assert sum(map(len, found)) == 5 << 20
    assert max(map(len, found)) < 2 << 20
