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

# What the pins need beside PyTorch, which says itself what it needs; resolved with them. They are
# no pins of a plan: a lock, a bundle and an adopted PyTorch have their own.
DEPENDENCIES = (
    # name  version  Pythons  NumPy bound
    PinRow("absl-py", "2.3.1", "3.9-3.9"),
    PinRow("absl-py", "2.5.1", "3.10-3.14"),
    PinRow("antlr4-python3-runtime", "4.9.3", "3.9-3.14"),
    PinRow("certifi", "2026.10.19.post1", "3.9-3.14"),
    PinRow("charset-normalizer", "3.5.3", "3.9-3.14"),
    PinRow("click", "8.1.8", "3.9-3.9"),
    PinRow("click", "8.5.1", "3.10-3.14"),
    PinRow("contourpy", "1.3.0", "3.9-3.9"),
    PinRow("contourpy", "1.3.2", "3.10-3.10"),
    PinRow("contourpy", "1.3.3", "3.11-3.11"),
    PinRow("contourpy", "1.3.3", "3.12-3.12", "<2"),
    PinRow("contourpy", "1.4.0", "3.12-3.14"),
    PinRow("cycler", "0.12.1", "3.9-3.14"),
    PinRow("decorator", "4.4.2", "3.9-3.14"),
    PinRow("fonttools", "4.60.2", "3.9-3.9"),
    PinRow("fonttools", "4.65.0", "3.10-3.10"),
    PinRow("fonttools", "4.68.0", "3.11-3.14"),
    PinRow("grpcio", "1.80.1", "3.9-3.9"),
    PinRow("grpcio", "1.85.3", "3.10-3.14"),
    PinRow("idna", "3.20", "3.9-3.14"),
    PinRow("imageio", "2.37.2", "3.9-3.9"),
    PinRow("imageio", "2.38.0", "3.10-3.10"),
    PinRow("imageio", "2.38.1", "3.11-3.14"),
    PinRow("imageio-ffmpeg", "0.6.0", "3.9-3.9"),
    PinRow("imageio-ffmpeg", "0.8.1", "3.10-3.14"),
    PinRow("importlib-metadata", "8.7.1", "3.9-3.9"),
    PinRow("importlib-resources", "6.5.2", "3.9-3.9"),
    PinRow("joblib", "1.5.3", "3.9-3.9"),
    PinRow("joblib", "1.6.0", "3.10-3.14"),
    PinRow("kiwisolver", "1.4.7", "3.9-3.9"),
    PinRow("kiwisolver", "1.5.1", "3.10-3.14"),
    PinRow("markdown", "3.9", "3.9-3.9"),
    PinRow("markdown", "3.10.3", "3.10-3.10"),
    PinRow("markdown", "3.11.3", "3.11-3.14"),
    PinRow("markupsafe", "3.0.4", "3.9-3.14"),
    PinRow("mypy-extensions", "1.1.0", "3.9-3.9"),
    PinRow("mypy-extensions", "1.2.0", "3.10-3.14"),
    PinRow("narwhals", "2.29.0", "3.11-3.14"),
    PinRow("pathspec", "1.1.1", "3.9-3.14"),
    PinRow("platformdirs", "4.4.0", "3.9-3.9"),
    PinRow("platformdirs", "4.12.4", "3.10-3.10"),
    PinRow("platformdirs", "4.14.9", "3.11-3.14"),
    PinRow("portalocker", "3.2.0", "3.9-3.9"),
    PinRow("portalocker", "4.4.2", "3.10-3.14"),
    PinRow("proglog", "0.1.12", "3.9-3.14"),
    PinRow("protobuf", "6.33.6", "3.9-3.9"),
    PinRow("protobuf", "7.36.2", "3.10-3.14"),
    PinRow("pyparsing", "3.3.3", "3.9-3.14"),
    PinRow("python-dateutil", "3.0.0", "3.9-3.10"),
    PinRow("python-dateutil", "4.0.0", "3.11-3.14"),
    PinRow("pytokens", "0.4.1", "3.9-3.14"),
    PinRow("pytz", "2026.6", "3.9-3.10"),
    PinRow("requests", "2.32.5", "3.9-3.9"),
    PinRow("requests", "2.34.2", "3.10-3.14"),
    PinRow("six", "1.17.0", "3.9-3.10"),
    PinRow("tensorboard-data-server", "0.7.2", "3.9-3.14"),
    PinRow("threadpoolctl", "3.7.0", "3.9-3.9"),
    PinRow("threadpoolctl", "3.8.0", "3.10-3.14"),
    PinRow("tomli", "2.5.0", "3.9-3.10"),
    PinRow("typing-extensions", "4.16.0", "3.9-3.14"),
    PinRow("tzdata", "2026.6", "3.9-3.14"),
    PinRow("urllib3", "2.6.3", "3.9-3.9"),
    PinRow("urllib3", "2.8.0", "3.10-3.14"),
    PinRow("werkzeug", "3.1.9", "3.9-3.14"),
    PinRow("zipp", "3.23.1", "3.9-3.9"),
)
# fmt: on
