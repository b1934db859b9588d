"""Claims about what the repositories add: PyTorchVideo, all configurations, the AVA evaluation."""

from __future__ import annotations

from pathlib import Path

from claims import Claim

# Every configuration of these data sets must load; a few of the others are broken upstream.
CERTAIN = ("Kinetics", "AVA", "Charades")


def claims(src: Path) -> list[Claim]:
    """Return the claims about the libraries around the model, for the source trees in ``src``."""
    return [
        Claim("pytorchvideo.import", "the symbols that SlowFast needs, found by name", _symbols),
        Claim(
            "slowfast.zoo_config",
            f"every configuration of {', '.join(CERTAIN)} is accepted",
            lambda: _configurations(src / "slowfast" / "configs"),
        ),
        Claim("slowfast.ava_evaluation", "mean average precision as computed by hand", _ava),
    ]


def _symbols() -> tuple[bool, str]:
    # PyPI's release and the repository have the same version: only the symbols differ.
    from pytorchvideo.layers.distributed import cat_all_gather
    from pytorchvideo.losses.soft_target_cross_entropy import SoftTargetCrossEntropyLoss
    from pytorchvideo.transforms import augmentations

    found = (cat_all_gather, SoftTargetCrossEntropyLoss, augmentations)
    return True, ", ".join(item.__name__ for item in found)


def _configurations(folder: Path) -> tuple[bool, str]:
    from slowfast.config.defaults import get_cfg

    read, broken = 0, []
    for path in sorted(folder.glob("**/*.yaml")):
        try:
            get_cfg().merge_from_file(str(path))
            read += 1
        except Exception:  # noqa: BLE001 - yacs and PyYAML raise a dozen kinds
            broken.append(str(path.relative_to(folder)))
    ok = read > 0 and not any(name.startswith(CERTAIN) for name in broken)
    return ok, f"{read} read; refused: {', '.join(broken) or 'none'}"


def _ava() -> tuple[bool, str]:
    import logging

    from slowfast.utils.ava_eval_helper import run_evaluation

    logging.disable(logging.INFO)
    categories = [{"id": number, "name": f"action {number}"} for number in (1, 2)]
    box, elsewhere = [0.1, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]
    boxes = {"video,0902": [box, box], "video,0903": [box]}
    truth = (boxes, {"video,0902": [1, 2], "video,0903": [1]}, {})
    found = {"video,0902": [box, box], "video,0903": [elsewhere]}
    scores = {"video,0902": [0.9, 0.8], "video,0903": [0.7]}
    # Action 1 is found once in two, with the better score: 0.5. Action 2 is found: 1.
    detections = (found, {"video,0902": [1, 2], "video,0903": [1]}, scores)
    result = run_evaluation(categories, truth, detections, set())
    measured = next(value for key, value in result.items() if key.endswith("mAP@0.5IOU"))
    return abs(measured - 0.75) < 1e-6, f"mAP {measured:.4f} of a small case, 0.75 by hand"
