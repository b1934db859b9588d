"""What upstream's log says is read into where the run is and what is left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slowfast_stack.training import log_parser
from slowfast_stack.training.run_state import Progress

HERE = Path(__file__).parent


def _fed(name: str, lines: int | None = None) -> tuple[Progress, list[str]]:
    progress = Progress()
    news = [
        log_parser.feed(progress, line) for line in (HERE / name).read_text().splitlines()[:lines]
    ]
    return progress, [line for line in news if line]


def test_a_complete_run_is_read() -> None:
    progress, news = _fed("kinetics.log")
    assert progress.finished == {"training", "test"}
    assert (progress.first_epoch, progress.trained, progress.epochs) == (1, 2, 2)
    assert progress.loss == pytest.approx(0.91964)
    assert progress.evaluated == {"top1": 0.0, "top5": 100.0}
    assert progress.tested == {"top1": 50.0, "top5": 100.0}
    assert "epoch 1/2  iteration 1/2  loss 1.663  rate 0.01  0:00:04 left" in news
    assert news[-1] == "tested: top1 50, top5 100"


def test_time_left_counts_the_iterations_of_all_epochs() -> None:
    progress, _ = _fed("kinetics.log", 5)
    assert progress.iteration == 1
    assert progress.seconds_left == pytest.approx(1.31436 * 3)


def test_ava_gives_no_iterations_so_epochs_are_counted() -> None:
    first, _ = _fed("ava.log", 4)
    assert first.seconds_left is None
    assert (first.iteration, first.iterations) == (10, None)
    progress, news = _fed("ava.log")
    assert progress.seconds_left == 30 + 40
    assert progress.loaded == "base.pyth"
    assert progress.gpu_memory == "11.25G"
    assert "epoch 1/3 evaluated: map 0.125" in news


@pytest.mark.parametrize(
    "line",
    [
        "json_stats: {broken",
        'json_stats: {"_type": "train_iter_", "epoch": null, "iter": "x/y", "eta": "soon"}',
        'json_stats: {"_type": "new_kind"}',
        'json_stats: {"_type": "train_epoch", "loss": NaN, "epoch": "1/2"}',
        "json_stats: [1, 2]",
        "\x00\udcff",
    ],
)
def test_a_strange_line_is_no_reason_to_fail(line: str) -> None:
    log_parser.feed(Progress(), line)
