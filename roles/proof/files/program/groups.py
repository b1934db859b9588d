"""Which claims are made in which process, and in which order they are reported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from claims import Claim


@dataclass(frozen=True)
class Stack:
    """What the claims are about: the plan, the source trees, uv, and a folder for what they write."""

    plan: dict
    src: Path
    uv: str
    work: Path

    def claims(self, group: str) -> list[Claim]:
        """Return the claims of a group that apply to this plan."""
        left_out = {item["id"] for item in self.plan["skipped_claims"]}
        return [claim for claim in _MADE[group](self) if claim.id not in left_out]


# A group imports what it needs when it is made: that takes most of the time of a proof.
def _run_net(stack: Stack) -> list[Claim]:
    import run_net_claims

    return run_net_claims.claims(
        stack.plan, stack.src, stack.work / "clips", stack.work / "run_net"
    )


def _libraries(stack: Stack) -> list[Claim]:
    import detectron2_claims
    import environment_claims
    import library_claims
    import torch_claims

    return [
        *environment_claims.claims(stack.plan, stack.uv),
        *torch_claims.claims(stack.plan),
        *detectron2_claims.claims(stack.plan),
        *library_claims.claims(stack.src),
    ]


def _ffmpeg(stack: Stack) -> list[Claim]:
    import ffmpeg_claims

    return ffmpeg_claims.claims(stack.plan, stack.src.parent / "ffmpeg", stack.work / "ffmpeg")


def _slowfast(stack: Stack) -> list[Claim]:
    import slowfast_claims

    data, out = stack.work / "clips", stack.work / "slowfast"
    return slowfast_claims.Trained(stack.plan, stack.src, data, out).claims()


def _rehearsal(stack: Stack) -> list[Claim]:
    import rehearsal_claims

    return rehearsal_claims.claims(stack.plan, stack.src, stack.work / "rehearsal")


def _consistency(stack: Stack) -> list[Claim]:
    import consistency_claims

    return consistency_claims.claims(stack.plan, stack.src.parent)


_MADE: dict[str, Callable[[Stack], list[Claim]]] = {
    "run_net": _run_net,
    "libraries": _libraries,
    "ffmpeg": _ffmpeg,
    "slowfast": _slowfast,
    "rehearsal": _rehearsal,
    "consistency": _consistency,
}
# The order of the report.
ORDER = tuple(_MADE)


def together(plan: dict, slots: int) -> list[list[str]]:
    """Return the groups of each process, in the order in which they start: the longest first.

    With fewer slots than groups, those that import the same are made by one process. There the
    rehearsal is before the training, because a process that has trained cannot be forked.
    """
    shared = [["libraries"], ["slowfast"], ["rehearsal"]]
    if slots <= len(shared):
        # On GPUs, it runs a program of its own.
        shared = (
            [["rehearsal"], ["libraries", "slowfast"]]
            if plan["gpus"]
            else [["libraries", "rehearsal", "slowfast"]]
        )
    ffmpeg = [] if plan["ffmpeg"] is None else [["ffmpeg"]]
    return [["run_net"], *shared, ["consistency"], *ffmpeg]
