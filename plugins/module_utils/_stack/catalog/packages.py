"""Exact pins of every package beside torch that the stack imports or builds with.

Each set was resolved together on PyPI, wheels only, for x86_64 and aarch64 with glibc 2.28; the
packages named in SDISTS have no wheel anywhere.
"""

from __future__ import annotations

from typing import NamedTuple

from .source import Source

RESOLVED = Source("one resolution per Python and NumPy bound on PyPI", "2026-11-22", "measured")

SDISTS = ("antlr4-python3-runtime", "fairscale", "fvcore", "moviepy")


class PinRow(NamedTuple):
    """A pin; ``pythons`` is the range of Pythons and ``numpy`` the NumPy bound it holds for.

    An empty ``numpy`` holds for every bound. The first row of a name that fits is used.
    ``use`` is "full" where only the full stack needs it.
    """

    name: str
    version: str
    pythons: str
    numpy: str = ""
    use: str = ""
    source: Source = RESOLVED


class BoundRow(NamedTuple):
    """The releases of a package that the source trees work with, and why no others."""

    name: str
    bound: str
    because: str
    source: Source


DETECTRON2 = "Detectron2 requires these iopath, fvcore and omegaconf"
DETECTRON2_SETUP = Source("setup.py of Detectron2 at the pinned commit", "2026-11-22", "measured")

# fmt: off
BOUNDS = (
    BoundRow("iopath", ">=0.1.7,<0.1.10", DETECTRON2, DETECTRON2_SETUP),
    BoundRow("fvcore", ">=0.1.5,<0.1.6", DETECTRON2, DETECTRON2_SETUP),
    BoundRow("omegaconf", ">=2.1,<2.4", DETECTRON2, DETECTRON2_SETUP),
    BoundRow("moviepy", "<2", "moviepy 2 has no moviepy.editor, which TensorBoard's writer of"
             " videos imports", Source("MoviePy's guide for the update from 1 to 2", "2026-11-22")),
    BoundRow("av", ">=14,<19", "the video decoders were run with av 15 to 18 only", RESOLVED),
)

PINS = (
    # name  version  Pythons  NumPy bound  use
    PinRow("numpy", "1.26.4", "3.9-3.12", "<2"),
    PinRow("numpy", "2.0.2", "3.9-3.9"),
    PinRow("numpy", "2.2.6", "3.10-3.10"),
    PinRow("numpy", "2.3.5", "3.11-3.14", ">=2,<2.4"),
    PinRow("numpy", "2.4.6", "3.11-3.14", ">=2,<3"),
    PinRow("av", "15.1.0", "3.9-3.9"),
    PinRow("av", "17.1.0", "3.10-3.10"),
    PinRow("av", "18.1.0", "3.11-3.14"),
    PinRow("black", "25.11.0", "3.9-3.9"),
    PinRow("black", "26.10.1", "3.10-3.14"),
    PinRow("cloudpickle", "3.1.2", "3.9-3.14"),
    PinRow("cython", "3.3.1", "3.9-3.14"),
    PinRow("fairscale", "0.4.13", "3.9-3.14", "", "full"),
    PinRow("fvcore", "0.1.5.post20221221", "3.9-3.14"),
    PinRow("hydra-core", "1.3.8", "3.9-3.14"),
    PinRow("iopath", "0.1.9", "3.9-3.14"),
    PinRow("matplotlib", "3.9.4", "3.9-3.9"),
    PinRow("matplotlib", "3.10.9", "3.10-3.10"),
    PinRow("matplotlib", "3.11.2", "3.11-3.14"),
    PinRow("moviepy", "1.0.3", "3.9-3.14", "", "full"),
    PinRow("networkx", "3.2.1", "3.9-3.9"),
    PinRow("networkx", "3.4.2", "3.10-3.10"),
    PinRow("networkx", "3.6.1", "3.11-3.14"),
    PinRow("ninja", "1.13.2", "3.9-3.14"),
    PinRow("omegaconf", "2.3.1", "3.9-3.14"),
    PinRow("opencv-python", "4.11.0.86", "3.9-3.12", "<2"),
    PinRow("opencv-python", "5.0.0.93", "3.9-3.14"),
    PinRow("packaging", "26.3", "3.9-3.14"),
    PinRow("pandas", "2.3.3", "3.9-3.10"),
    PinRow("pandas", "3.0.6", "3.11-3.12", "<2"),
    PinRow("pandas", "3.1.1", "3.11-3.14"),
    PinRow("parameterized", "0.9.0", "3.9-3.14"),
    PinRow("pillow", "11.3.0", "3.9-3.9"),
    PinRow("pillow", "12.3.0", "3.10-3.10"),
    PinRow("pillow", "13.0.0", "3.11-3.14"),
    PinRow("psutil", "7.2.2", "3.9-3.14"),
    PinRow("pycocotools", "2.0.11", "3.9-3.14"),
    PinRow("pyyaml", "6.0.3", "3.9-3.14"),
    PinRow("scikit-learn", "1.6.1", "3.9-3.9"),
    PinRow("scikit-learn", "1.7.2", "3.10-3.10"),
    PinRow("scikit-learn", "1.9.1", "3.11-3.14"),
    PinRow("scipy", "1.13.1", "3.9-3.9"),
    PinRow("scipy", "1.15.3", "3.10-3.10"),
    PinRow("scipy", "1.17.1", "3.11-3.14"),
    PinRow("setuptools", "69.5.1", "3.9-3.12", "<2"),
    PinRow("setuptools", "81.0.0", "3.9-3.14"),
    PinRow("simplejson", "4.3.0", "3.9-3.14"),
    PinRow("tabulate", "0.9.0", "3.9-3.9"),
    PinRow("tabulate", "0.10.0", "3.10-3.14"),
    PinRow("tensorboard", "2.21.0", "3.9-3.14"),
    PinRow("termcolor", "3.1.0", "3.9-3.9"),
    PinRow("termcolor", "3.3.0", "3.10-3.14"),
    PinRow("tqdm", "4.70.1", "3.9-3.14"),
    PinRow("wheel", "0.48.0", "3.9-3.14"),
    PinRow("yacs", "0.1.8", "3.9-3.14"),
)
# fmt: on
