"""Claims: Detectron2's operators agree with references in plain Python and PyTorch."""

from __future__ import annotations

import math

from claims import Claim
from torch_claims import device


def claims(plan: dict) -> list[Claim]:
    """Return the claims about Detectron2, for the plan of this host."""
    where = device(plan)
    return [
        Claim("detectron2.roi_align", "within 1e-4 of the reference", lambda: _roi_align(where)),
        Claim("detectron2.nms", "the boxes that the reference keeps", lambda: _nms(where)),
        Claim(
            "detectron2.compiled_ops",
            "rotated ROIAlign and IoU of the compiled extension within 1e-4 of the reference",
            lambda: _compiled(where),
        ),
        Claim("detectron2.model_zoo", "a configuration of the model zoo loads", _model_zoo),
    ]


def _bilinear(plane, y: float, x: float) -> float:
    height, width = plane.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = max(y, 0.0), max(x, 0.0)
    top, left = min(int(y), height - 1), min(int(x), width - 1)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    fy, fx = (0.0 if top == height - 1 else y - top), (0.0 if left == width - 1 else x - left)
    upper = plane[top, left] * (1 - fx) + plane[top, right] * fx
    lower = plane[bottom, left] * (1 - fx) + plane[bottom, right] * fx
    return float(upper * (1 - fy) + lower * fy)


def reference_roi_align(plane, box, size: int, samples: int) -> list[list[float]]:
    """Return ROIAlign (aligned) of one plane and one box x0, y0, x1, y1 by its definition."""
    x0, y0, x1, y1 = (float(value) - 0.5 for value in box)
    bin_h, bin_w = (y1 - y0) / size, (x1 - x0) / size
    offsets = [(i + 0.5) / samples for i in range(samples)]

    def mean(row: int, column: int) -> float:
        values = [
            _bilinear(plane, y0 + (row + dy) * bin_h, x0 + (column + dx) * bin_w)
            for dy in offsets
            for dx in offsets
        ]
        return sum(values) / len(values)

    return [[mean(row, column) for column in range(size)] for row in range(size)]


def _planes():
    import torch

    return torch.rand(1, 2, 12, 16, generator=torch.Generator().manual_seed(1))


def _roi_align(where: str) -> tuple[bool, str]:
    import torch
    from detectron2.layers import ROIAlign

    planes = _planes()
    boxes = [(1.3, 2.1, 9.7, 8.9), (0.0, 0.0, 15.0, 11.0), (-2.0, 3.0, 4.5, 13.0)]
    rois = torch.tensor([(0.0, *box) for box in boxes])
    found = ROIAlign((4, 4), 1.0, 2, aligned=True)(planes.to(where), rois.to(where)).cpu()
    wanted = torch.tensor(
        [[reference_roi_align(planes[0, c], box, 4, 2) for c in range(2)] for box in boxes]
    )
    error = (found - wanted).abs().max().item()
    return error < 1e-4, f"largest difference {error:.1e} over {found.numel()} values on {where}"


def _iou(a, b) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    inner = max(width, 0.0) * max(height, 0.0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return inner / (areas - inner)


def reference_nms(boxes, scores, threshold: float) -> list[int]:
    """Return the indices that greedy non-maximum suppression keeps, best score first."""
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(_iou(boxes[index], boxes[other]) <= threshold for other in kept):
            kept.append(index)
    return kept


def _random_boxes(count: int):
    import torch

    generator = torch.Generator().manual_seed(2)
    corner = torch.rand(count, 2, generator=generator) * 80
    size = torch.rand(count, 2, generator=generator) * 40 + 5
    return torch.cat([corner, corner + size], 1), torch.rand(count, generator=generator)


def _nms(where: str) -> tuple[bool, str]:
    import torch
    from detectron2.layers import batched_nms

    boxes, scores = _random_boxes(60)
    classes = torch.arange(60) % 2
    found = batched_nms(boxes.to(where), scores.to(where), classes.to(where), 0.4).cpu().tolist()
    wanted = []
    for label in (0, 1):
        own = [index for index in range(60) if index % 2 == label]
        picked = reference_nms(boxes[own].tolist(), scores[own].tolist(), 0.4)
        wanted += [own[index] for index in picked]
    return sorted(found) == sorted(wanted), f"{len(found)} of 60 boxes kept on {where}"


def _compiled(where: str) -> tuple[bool, str]:
    import torch
    from detectron2 import _C
    from detectron2.layers import ROIAlignRotated
    from detectron2.layers.rotated_boxes import pairwise_iou_rotated

    planes = _planes()
    x0, y0, x1, y1 = 2.0, 1.5, 10.0, 9.5
    rotated = torch.tensor([[0.0, (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.0]])
    found = ROIAlignRotated((4, 4), 1.0, 2)(planes.to(where), rotated.to(where)).cpu()
    wanted = torch.tensor(
        [[reference_roi_align(planes[0, c], (x0, y0, x1, y1), 4, 2) for c in range(2)]]
    )
    error = (found - wanted).abs().max().item()
    # A unit square against itself turned by 45 degrees shares a regular octagon.
    square = torch.tensor([[0.0, 0.0, 1.0, 1.0, 0.0]])
    turned = torch.tensor([[0.0, 0.0, 1.0, 1.0, 45.0]])
    inner = 2 * math.sqrt(2) - 2
    iou = pairwise_iou_rotated(square.to(where), turned.to(where)).item()
    error = max(error, abs(iou - inner / (2 - inner)))
    built = _C.get_compiler_version(), _C.get_cuda_version() if _C.has_cuda() else "no CUDA"
    return error < 1e-4, f"largest difference {error:.1e} on {where}; {', '.join(built)}"


def _model_zoo() -> tuple[bool, str]:
    from detectron2 import model_zoo

    name = "COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml"
    config = model_zoo.get_config(name)
    return config.MODEL.META_ARCHITECTURE == "GeneralizedRCNN", f"{name} read"
