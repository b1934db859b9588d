"""Show with real optimizers, checkpoints, loaders and videos what patches change.

Run by the Python of a finished environment, which has torch, torchvision, numpy, av and fvcore:

    ENV/bin/python tests/integration/programs/patched_behaviour.py [NAME ...]

Each check reproduces a failure with the code as its authors left it, and then its absence with the
patched code. The code is that of the small trees in tests/unit/patches.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import logging
import os
import pickle
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests")]

import av
import numpy as np
import torch
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches import engine
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_tree import (
    MemoryTree,
)
from fvcore.common.config import CfgNode
from support import small_trees
from torch import nn

CHECKPOINT = "slowfast/utils/checkpoint.py"
STATE = ("checkpoint-weights-only", "optimizer-state", "scaler-state", "weights-not-loaded")


class Log(logging.Handler):
    """Collects messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


class SkippedError(Exception):
    """A check that this environment cannot make."""


def code(path: str, *patches: str, tree: str | None = None, **names: Any) -> Any:
    """Return the module at a path of a small tree, after the given patches, with a logger."""
    first = tree or patches[0]
    component = "pytorchvideo" if path.startswith("pytorchvideo") else "slowfast"
    files = MemoryTree(small_trees.files(first, component))
    if patches:
        engine.apply_patches(files, patches)
    loaders = files.files.get("slowfast/utils/trusted_load.py")
    if loaders is not None:
        package, own = types.ModuleType("slowfast.utils"), types.ModuleType("trusted_load")
        sys.modules |= {"slowfast": package, "slowfast.utils": package, own.__name__: own}
        exec(compile(loaders, own.__name__, "exec"), own.__dict__)
        package.trusted_load = own
    module = types.ModuleType("patched")
    module.__dict__.update(names)
    exec(compile(files.files[path], path, "exec"), module.__dict__)
    module.log = Log()
    module.logger = logging.Logger("patched")
    module.logger.addHandler(module.log)
    return module


def broken() -> Any:
    module = code(CHECKPOINT, tree="optimizer-state")
    module.torch = SimpleNamespace(load=lambda f, **_: torch.load(f, weights_only=False))
    return module


def patched() -> Any:
    return code(CHECKPOINT, *STATE, tree="optimizer-state")


def model(classes: int = 6, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, classes))


def optimizer(net: nn.Module, kind: str = "sgd", groups: int = 2, **extra: Any) -> Any:
    parameters = list(net.parameters())
    cut = {1: [parameters], 2: [parameters[:2], parameters[2:]]}
    cut[3] = [parameters[:2], parameters[2:4], parameters[4:]]
    groups_ = [{"params": group, "layer_decay": 1.0, **extra} for group in cut[groups]]
    makers = {
        "sgd": lambda: torch.optim.SGD(groups_, lr=0.1, momentum=0.9),
        "adamw": lambda: torch.optim.AdamW(groups_, lr=0.1),
        "adam": lambda: torch.optim.Adam(groups_, lr=0.1),
    }
    return makers[kind]()


def step(net: nn.Module, opt: Any) -> float:
    torch.manual_seed(1)
    inputs = torch.randn(16, 4)
    loss = nn.functional.cross_entropy(net(inputs), torch.arange(16) % 4)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


def saved(folder: Path, **more: Any) -> Path:
    """Save what one training step leaves of a model with six classes and two groups."""
    net = model()
    opt = optimizer(net)
    step(net, opt)
    state = {"epoch": 9, "model_state": net.state_dict(), "optimizer_state": opt.state_dict()}
    path = folder / "checkpoint.pyth"
    torch.save({**state, **more}, path)
    return path


@contextlib.contextmanager
def fails(kind: type[BaseException] | tuple[type[BaseException], ...], words: str) -> Any:
    try:
        yield
    except kind as error:
        require(words in str(error), f"another error: {error}")
    else:
        raise SystemExit(f"expected {kind}: {words}")


def require(holds: bool, otherwise: object) -> None:
    if not holds:
        raise SystemExit(str(otherwise))


def check_a_matching_optimizer_is_taken_over(folder: Path) -> None:
    path, net = saved(folder), model(seed=2)
    opt = optimizer(net)
    module = patched()
    require(module.load_checkpoint(path, net, opt) == 9, "epoch")
    want = torch.load(path)["optimizer_state"]["state"]
    got = opt.state_dict()["state"]
    same = [torch.equal(want[i]["momentum_buffer"], got[i]["momentum_buffer"]) for i in want]
    require(all(same) and len(same) == 6, "the momentum is another")
    require(module.log.messages == [], module.log.messages)


def check_another_number_of_groups(folder: Path) -> None:
    path = saved(folder)
    net = model(seed=2)
    with fails(ValueError, "different number of parameter groups"):
        broken().load_checkpoint(path, net, optimizer(net, groups=3))
    _skipped(path, optimizer(net, groups=3), net, "2 parameter groups were saved, there are 3 now")


def check_another_size_of_a_group(folder: Path) -> None:
    path = saved(folder)
    net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 6))
    with fails(ValueError, "doesn't match the size of optimizer's group"):
        broken().load_checkpoint(path, net, optimizer(net))
    _skipped(path, optimizer(net), net, "group 1 was saved with 4 parameters, it has 2 now")


def check_another_number_of_classes(folder: Path) -> None:
    """The commonest fine-tune: torch loads it, and the first step dies."""
    path = saved(folder)
    net = model(classes=5)
    opt = optimizer(net)
    broken().load_checkpoint(path, net, opt)
    with fails(RuntimeError, "must match the size of tensor"):
        step(net, opt)
    net = model(classes=5)
    _skipped(path, optimizer(net), net, "was saved for a parameter of shape (6, 8), it has (5, 8)")


def check_another_kind_of_optimizer(folder: Path) -> None:
    path = saved(folder)
    net = model()
    opt = optimizer(net, "adamw")
    with contextlib.suppress(KeyError):  # of the momentum, in silence or with this
        broken().load_checkpoint(path, net, opt)
    require(
        "momentum" in opt.param_groups[0],
        "the failure does not occur: SGD is not loaded into AdamW",
    )
    _skipped(path, optimizer(net, "adamw"), net, "another kind of optimizer was saved")


def check_adam_does_not_become_adamw(folder: Path) -> None:
    net = model()
    opt = optimizer(net, "adamw")
    if "decoupled_weight_decay" not in opt.param_groups[0]:
        return  # this torch keeps the two apart by class
    step(net, opt)
    path = saved(folder, optimizer_state=opt.state_dict())
    adam = optimizer(net, "adam")
    broken().load_checkpoint(path, net, adam)
    require(adam.param_groups[0]["decoupled_weight_decay"], "the failure does not occur")
    _skipped(path, optimizer(net, "adam"), net, "another kind of optimizer was saved")


def _skipped(path: Path, opt: Any, net: nn.Module, words: str) -> None:
    """Weights are taken over, the optimizer is fresh and steps, one sentence names the reason."""
    module = patched()
    require(module.load_checkpoint(path, net, opt) == 9, "epoch")
    require(opt.state_dict()["state"] == {}, "the optimizer is not fresh")
    messages = [text for text in module.log.messages if "optimizer" in text]
    require(len(messages) == 1 and words in messages[0], module.log.messages)
    weight = torch.load(path)["model_state"]["0.weight"]
    require(torch.equal(net.state_dict()["0.weight"], weight), "the weights were not loaded")
    require(step(net, opt) > 0, "no step")


def check_a_scaler_without_state(folder: Path) -> None:
    path, net = saved(folder), model()
    scaler = torch.amp.GradScaler("cpu") if hasattr(torch.amp, "GradScaler") else None
    if scaler is None:
        return
    with fails(KeyError, "scaler_state"):
        broken().load_checkpoint(path, net, optimizer(net), scaler)
    module = patched()
    module.load_checkpoint(path, net, optimizer(net), scaler)
    require("without a scaler" in module.log.messages[-1], module.log.messages)
    path = saved(folder, scaler_state={**scaler.state_dict(), "scale": 8.0})
    patched().load_checkpoint(path, net, optimizer(net), scaler)
    require(scaler.get_scale() == 8.0, "the scaler was not loaded")
    fresh = torch.amp.GradScaler("cpu")
    patched().load_checkpoint(path, net, optimizer(net, groups=3), fresh)
    require(fresh.get_scale() != 8.0, "the scaler of a skipped optimizer was loaded")


def check_old_groups_have_no_layer_decay(folder: Path) -> None:
    del folder
    path = "slowfast/models/optimizer.py"
    opt = optimizer(model())
    for group in opt.param_groups:
        del group["layer_decay"]
    with fails(KeyError, "layer_decay"):
        code(path, tree="layer-decay-default").set_lr(opt, 0.5)
    patched_code = code(path, "layer-decay-default")
    patched_code.set_lr(opt, 0.5)
    require([g["lr"] for g in opt.param_groups] == [0.5, 0.5], "the learning rate is wrong")
    opt.param_groups[1]["layer_decay"] = 0.5
    patched_code.set_lr(opt, 0.5)
    require([g["lr"] for g in opt.param_groups] == [0.5, 0.25], "layer decay is lost")


def check_the_fork_trains_with_its_learning_rate(folder: Path) -> None:
    del folder
    path = "slowfast/models/optimizer.py"
    losses = {}
    for name, patches in (("fork", ()), ("applied", ("fork-lr-weight-decay",))):
        module = code(path, *patches, tree="fork-lr-weight-decay")
        net = model()
        opt = optimizer(net, weight_decay=1e-4)
        for _ in range(200):
            module.set_lr(opt, 0.1)
            losses[name] = step(net, opt)
    start = step(model(), optimizer(model()))
    require(losses["fork"] > 0.9 * start, f"the failure does not occur: {losses}")
    require(losses["applied"] < 0.6 * start, f"the loss does not fall: {losses}")


def check_files_with_numpy_values_and_configurations(folder: Path) -> None:
    more: dict[str, Any] = {"top1": np.float64(0.5), "rows": np.arange(3)}
    if hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):  # torch 2.6
        more["cfg"] = CfgNode({"A": {"B": [1, 2]}})
    path, net = saved(folder, **more), model()
    getattr(torch.serialization, "clear_safe_globals", list)()  # 2.4 allows for good
    strict = SimpleNamespace(load=lambda f, **_: torch.load(f, weights_only=True))
    module = code(CHECKPOINT, tree="optimizer-state")
    module.torch = strict
    with fails(pickle.UnpicklingError, "Weights only load failed"):
        module.load_checkpoint(path, net)
    require(patched().load_checkpoint(path, net) == 9, "epoch")
    loaded = patched().trusted_load.load_trusted(path)
    require("cfg" not in more or loaded["cfg"]["A"]["B"] == [1, 2], loaded)
    require(loaded["top1"] == 0.5, loaded)
    require(loaded["rows"].tolist() == [0, 1, 2], loaded)


def check_numpy_values_of_another_numpy(folder: Path) -> None:
    """A file names numpy's module as it was called on the day it was written."""
    if not hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):
        return  # this torch knows a function by its present name only
    path, written = folder / "plain.pyth", io.BytesIO()
    torch.save({"top1": np.float64(0.5)}, written, _use_new_zipfile_serialization=False)
    names = (b"numpy._core.multiarray", b"numpy.core.multiarray")
    now = next(name for name in names if name in written.getvalue())
    for name in names:
        path.write_bytes(written.getvalue().replace(now, name))
        require(patched().trusted_load.load_trusted(path)["top1"] == 0.5, name)


class Trap:
    def __reduce__(self) -> Any:
        return (print, ("this line must never be printed",))


def check_code_in_a_file_runs_only_if_the_file_is_trusted(folder: Path) -> None:
    path, net = saved(folder, trap=Trap()), model()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with fails(RuntimeError, digest):
        patched().load_checkpoint(path, net)
    os.environ["SLOWFAST_TRUSTED_SHA256"] = f"{'0' * 64},{digest}"
    try:
        with contextlib.redirect_stdout(None):
            require(patched().load_checkpoint(path, net) == 9, "a trusted file is not loaded")
    finally:
        del os.environ["SLOWFAST_TRUSTED_SHA256"]


def check_a_head_that_is_not_loaded(folder: Path) -> None:
    path, net = saved(folder), model(classes=5)
    broken().load_checkpoint(path, net)
    module = patched()
    with fails(RuntimeError, "2.weight, 2.bias"):
        module.load_checkpoint(path, net)
    module.load_checkpoint(path, net, optimizer(net))
    require("keep random values: 2.weight, 2.bias" in str(module.log.messages), module.log.messages)
    module = patched()
    module.load_checkpoint(path, model())
    require(module.log.messages == [], module.log.messages)


def _small_package(data: Any) -> dict[str, Any]:
    sys.modules["small"] = types.ModuleType("small")
    sys.modules["small.build"] = types.ModuleType("small.build")
    sys.modules["small.build"].build_dataset = lambda *_: data
    return {"__package__": "small"}


def check_an_empty_loader_is_refused_early(folder: Path) -> None:
    del folder
    data = torch.utils.data.TensorDataset(torch.arange(4))
    cfg = CfgNode({"NUM_GPUS": 1, "TRAIN": {"BATCH_SIZE": 8}})
    names = _small_package(data)
    path = "slowfast/datasets/loader.py"
    loader = code(path, tree="empty-loader", **names).construct_loader(cfg, "train")
    with fails(UnboundLocalError, "inputs"):
        for inputs in loader:  # noqa: B007  (as upstream's train_epoch does)
            pass
        del inputs
    module = code(path, "empty-loader", **names)
    with fails(ValueError, "4 samples in the dataset, 4 per process, but a batch per process"):
        module.construct_loader(cfg, "train")
    require(len(module.construct_loader(cfg, "val")) == 0, "only training is refused")
    cfg.TRAIN.BATCH_SIZE = 4
    require(len(list(module.construct_loader(cfg, "train"))) == 1, "a full batch is refused")
    # The batches of a short cycle differ: the first decides, though len() says 1.
    sampler = SimpleNamespace(batch_sizes=[8, 4, 2], sampler=range(6))
    with fails(ValueError, "needs 8"):
        module._require_a_batch(SimpleNamespace(batch_sampler=sampler), data, 2, cfg)


def check_an_empty_iterable_loader_is_refused_early(folder: Path) -> None:
    """Each worker of PyTorchVideo has a part of the videos, and drops its own last batch."""
    del folder
    cfg = CfgNode({"NUM_GPUS": 1, "TRAIN": {"BATCH_SIZE": 3}})
    clips = code("slowfast/datasets/ptv_datasets.py", "clip-iterator").PTVDatasetWrapper
    module = code(
        "slowfast/datasets/loader.py", "empty-loader", **_small_package(clips(4, 1, Videos(4)))
    )
    require(len(list(module.construct_loader(cfg, "train"))) == 1, "a full batch is refused")
    workers, videos = SimpleNamespace(num_workers=2), clips(4, 1, Videos(4))
    with fails(
        ValueError, "4 samples in the dataset, 2 per worker, but a batch per worker needs 3"
    ):
        module._require_a_batch(workers, videos, 3, cfg)
    module._require_a_batch(workers, clips(4, 2, Videos(4)), 4, cfg)
    module._require_a_batch(workers, clips(5, 1, Videos(5)), 3, cfg)
    cfg.TRAIN.BATCH_SIZE = 5
    with fails(ValueError, "4 per process, but a batch per process needs 5"):
        module.construct_loader(cfg, "train")


def check_the_largest_batch_of_the_long_cycle_must_fit(folder: Path) -> None:
    """Without it, a later epoch of the long cycle makes no step."""
    del folder
    cycle = {
        "LONG_CYCLE": True,
        "SHORT_CYCLE": False,
        "LONG_CYCLE_FACTORS": [(1, 1), (0.25, 0.5**0.5)],
        "SHORT_CYCLE_FACTORS": [0.5, 0.5**0.5],
        "DEFAULT_B": 2,
        "DEFAULT_T": 16,
        "DEFAULT_S": 64,
    }
    cfg = CfgNode({"NUM_GPUS": 1, "TRAIN": {"BATCH_SIZE": 2}, "MULTIGRID": cycle})
    data = torch.utils.data.TensorDataset(torch.arange(12))
    module = code("slowfast/datasets/loader.py", "empty-loader", **_small_package(data))
    with fails(ValueError, "needs 16 (TRAIN.BATCH_SIZE 2,"):
        module.construct_loader(cfg, "train")
    cfg.MULTIGRID.LONG_CYCLE_FACTORS = [(1, 1), (0.5, 0.5**0.5)]
    require(len(module.construct_loader(cfg, "train")) == 6, "a long cycle that fits is refused")
    cfg.MULTIGRID.SHORT_CYCLE = True
    with fails(ValueError, "needs 16 (TRAIN.BATCH_SIZE 2,"):
        module.construct_loader(cfg, "train")


def check_an_epoch_without_a_batch_is_an_error(folder: Path) -> None:
    del folder
    path, done = "tools/train_net.py", []
    cfg = CfgNode({"NUM_GPUS": 0, "TRAIN": {"MIXED_PRECISION": False}})
    with fails(UnboundLocalError, "inputs"):
        code(path, tree="empty-loader").train_epoch([], None, cfg)
    module = code(path, "empty-loader", "cuda-amp", "cpu-synchronize")
    with fails(RuntimeError, "gave no batch"):
        module.train_epoch([], None, cfg)
    module.train_epoch([(1, 2)], lambda *given: done.extend(given), cfg)
    require(done == [0, 1, 2], done)


class Videos(torch.utils.data.IterableDataset):
    """Gives clips as PyTorchVideo's data sets do: an iterator that starts again where asked to."""

    def __init__(self, number: int, finish: Any = None) -> None:
        self.video_sampler, self.finish = range(number), finish
        self._rest: Any = None

    def __iter__(self) -> Any:
        self._rest = None
        return self

    def __next__(self) -> Any:
        self._rest = iter(self.video_sampler) if self._rest is None else self._rest
        video = next(self._rest)
        clip = {"video": torch.zeros(2), "label": 1, "video_index": video, "clip_index": 0}
        return self.finish(clip) if self.finish else clip


def check_clips_of_pytorchvideo_reach_the_loops(folder: Path) -> None:
    del folder
    path = "slowfast/datasets/ptv_datasets.py"

    def batches(*patches: str) -> list[Any]:
        module = code(path, *patches, tree="clip-tuple")
        clips = module.PTVDatasetWrapper(4, 1, Videos(4, module.DictToTuple(1)))
        loader = torch.utils.data.DataLoader(clips, batch_size=2)
        return [(index, time) for _, _, index, time, _ in loader]

    with fails(ValueError, "not enough values to unpack (expected 5, got 4)"):
        batches()
    require([t.tolist() for _, t in batches("clip-tuple")] == [[0, 0], [0, 0]], "other times")


def check_the_visualizations_take_what_loaders_give(folder: Path) -> None:
    del folder
    path, batches = "tools/visualization.py", [("clips", "labels", 0, 1.5, {"boxes": 2})]
    module = code(path, tree="visualization-batch")
    for show in (module.run_visualization, module.perform_wrong_prediction_vis):
        with fails(ValueError, "too many values to unpack (expected 4"):
            show(batches, print)
    seen: list[Any] = []
    module = code(path, "visualization-batch", tree="visualization-batch")
    module.run_visualization(batches, lambda *given: seen.append(given))
    module.perform_wrong_prediction_vis(batches, lambda *given: seen.append(given))
    require(seen == [("clips", {"boxes": 2}), ("clips",)], seen)


def check_every_epoch_of_pytorchvideo_has_clips(folder: Path) -> None:
    del folder
    path, counts = "slowfast/datasets/ptv_datasets.py", {}
    for name, patches in (("upstream", ()), ("patched", ("clip-iterator",))):
        clips = code(path, *patches, tree="clip-iterator").PTVDatasetWrapper(4, 1, Videos(4))
        loader = torch.utils.data.DataLoader(clips, batch_size=2)
        counts[name] = [len(list(loader)) for _epoch in range(3)]
    require(counts == {"upstream": [2, 0, 0], "patched": [2, 2, 2]}, counts)


def check_evaluation_keeps_its_order(folder: Path) -> None:
    del folder
    path, data = "slowfast/datasets/utils.py", list(range(8))
    cfg = SimpleNamespace(NUM_GPUS=0)
    module = code(path, "fork-random-sampler")
    require(module.create_sampler(data, False, cfg) is None, "evaluation has a sampler")
    require(sorted(module.create_sampler(data, True, cfg)) == data, "training lost samples")
    upstream = code(path, "short-cycle-sampler")
    require(sorted(upstream.create_sampler(data, True, cfg)) == data, "no sampler")
    require(module.create_sampler([], False, cfg) is None, "an empty data set is refused")


def check_the_index_of_a_short_cycle(folder: Path) -> None:
    del folder
    cfg = SimpleNamespace(MULTIGRID=SimpleNamespace(SHORT_CYCLE=True))
    for tree, path in (
        ("short-cycle-index", "slowfast/datasets/kinetics.py"),
        ("fork-short-cycle-guard", "slowfast/datasets/ssv2.py"),
    ):
        data = code(path, tree).Data()
        data.cfg = cfg
        require(data[(3, 1)] == (3, 1), "the pair is not unpacked")
        require(data[3] == (3, None), "a plain index is not kept")


def clip(path: Path, codec: str = "mpeg4", frames: int = 72, rate: int = 30) -> list[np.ndarray]:
    """Write a clip of 128x96 and return its frames as a plain decoder gives them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(frames):
            image = np.full((96, 128, 3), (i * 3) % 256, np.uint8)
            image[20:50, i : i + 20] = (250, 60, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def check_the_decoder_in_torchvisions_place(folder: Path) -> None:
    module = code("slowfast/datasets/decoder.py", *_decoders(), tree="pyav-decoder")
    for codec in ("mpeg4", "libx264"):
        path = folder / f"{codec}.mp4"
        frames = clip(path, codec)
        video = torch.from_numpy(np.frombuffer(bytearray(path.read_bytes()), dtype=np.uint8))
        meta = module._probe_video(video)
        require((meta.has_video, meta.has_audio, meta.video_fps) == (True, False, 30.0), meta)
        require(abs(meta.video_duration - 2.4) < 0.05, meta)
        every = module._read_video(video, (0, -1), 0)
        require(len(every) == len(frames), f"{codec}: {len(every)} frames")
        require(np.array_equal(every.numpy(), np.stack(frames)), f"{codec}: other frames")
        tick = meta.video_timebase.denominator / 30
        for first, last in ((0, 0), (10, 20), (31, 44), (60, 71)):
            part = module._read_video(video, (int(first * tick), int(last * tick)), 0)
            want = np.stack(frames[first : last + 1])
            require(np.array_equal(part.numpy(), want), f"{codec}: {first} to {last}")
        small = module._read_video(video, (0, -1), 48)
        require(small.shape[1:] == (48, 64, 3), small.shape)
        require(module._read_video(video, (10**9, 10**9 + 1), 0).shape == (0,), "not empty")


def check_pytorchvideo_decodes_where_torchvision_is_chosen(folder: Path) -> None:
    if importlib.util.find_spec("pytorchvideo") is None:
        raise SkippedError("this stack has no PyTorchVideo")
    path, video = "pytorchvideo/data/encoded_video.py", folder / "clip.mp4"
    frames = clip(video)
    names = {"tree": "clip-decoder", "__package__": "pytorchvideo.data"}

    def opened(*patches: str) -> Any:
        chosen = code(path, *patches, **names).select_video_class("torchvision")
        return chosen(io.BytesIO(video.read_bytes()), "clip", decode_audio=False)

    with fails(AttributeError, "video_reader"):
        opened()
    got = opened("clip-decoder").get_clip(0.5, 1.0)["video"]
    want = torch.from_numpy(np.stack(frames[15:30])).permute(3, 0, 1, 2)
    require(torch.equal(got, want.float()), got.shape)


def check_decode_and_pyav_decode_agree(folder: Path) -> None:
    path = "slowfast/datasets/decoder.py"
    frames = [np.zeros((4, 4, 3), np.uint8)] * 5
    video = SimpleNamespace(average_rate=30, frames=5, duration=500)
    container = SimpleNamespace(streams=SimpleNamespace(video=[video]), frames=frames)
    before = code(path, "dead-torchvision-decoder", tree="pyav-decoder")
    with contextlib.redirect_stdout(None):
        require(before.decode(container, [2], [3], 0, 1) == (None, None, None), "not broken")
    module = code(path, *_decoders(), tree="pyav-decoder")
    clips, spans, fps = module.decode(container, [2], [3], 0, 1)
    require(clips[0].shape == (5, 4, 4, 3) and fps == 30.0, "no clip")
    require(spans.tolist() == [[0.0, 4.0, 0.0]], spans)
    with fails(NotImplementedError, "one clip per video, not 2"):
        module.decode(container, [2, 2], [3, 3], 0, 1)
    for lost in ({"duration": None}, {"duration": 0}, {"frames": 0}):
        unknown = SimpleNamespace(**{**vars(video), **lost})
        streams = SimpleNamespace(video=[unknown])
        answer = module.decode(SimpleNamespace(streams=streams, frames=frames), [2], [3], 0, 1)
        require(answer[1] is None, f"{lost}: {answer[1]}")


def _decoders() -> tuple[str, str]:
    return "dead-torchvision-decoder", "pyav-decoder"


def check_mixed_precision_does_not_warn(folder: Path) -> None:
    del folder
    cfg = CfgNode({"NUM_GPUS": 0, "TRAIN": {"MIXED_PRECISION": False}})
    module = code("tools/train_net.py", "cuda-amp", "cpu-synchronize")
    done = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module.train_epoch([(1, 2)], lambda *_: done.append(1), cfg)
        require(module.train(cfg).get_scale() == 1.0, "the scaler is on")
    require(done == [1], "no step")


def check_ava_trains_in_mixed_precision(folder: Path) -> None:
    """A person whom the model is sure of wrongly must be learned; on a GPU the loss raises."""
    del folder
    losses, heads = "slowfast/models/losses.py", "slowfast/models/head_helper.py"

    def gradient(*patches: str, device: str = "cpu") -> float:
        loss = code(losses, *patches, tree="ava-mixed-precision").get_loss_func("bce")()
        head = code(heads, *patches, tree="ava-mixed-precision").ResNetRoIHead(1, 1).to(device)
        nn.init.constant_(head.projection.weight, 12.0)
        nn.init.zeros_(head.projection.bias)
        with torch.autocast(device, dtype=torch.bfloat16):
            value = loss(head(torch.ones(1, 1, device=device)), torch.zeros(1, 1, device=device))
        value.backward()
        require(value.dtype == torch.float32, value.dtype)
        return float(head.projection.weight.grad)

    require(gradient() == 0.0, "the failure does not occur: a wrong person is learned")
    require(abs(gradient("ava-mixed-precision") - 1) < 0.01, "the gradient is another")
    if torch.cuda.is_available():
        with fails(RuntimeError, "unsafe to autocast"):
            gradient(device="cuda")
        require(abs(gradient("ava-mixed-precision", device="cuda") - 1) < 0.01, "on a GPU")


def check_a_vision_transformer_of_pytorchvideo(folder: Path) -> None:
    del folder

    def made(depth: int, pool_kv_stride_size: Any, pool_kv_stride_adaptive: Any) -> Any:
        if pool_kv_stride_adaptive is not None:  # as PyTorchVideo does
            assert pool_kv_stride_size is None, "pool_kv_stride_size should be none"
        return depth, pool_kv_stride_size

    path, name = "slowfast/models/ptv_model_builder.py", "empty-kv-stride"
    names = {"tree": name, "create_multiscale_vision_transformers": made}
    mvit = {"DEPTH": 2, "POOL_KV_STRIDE": [], "POOL_KV_STRIDE_ADAPTIVE": [1, 8, 8]}
    cfg = CfgNode({"MVIT": mvit})
    with fails(AssertionError, "should be none"):
        code(path, **names).PTVMViT(cfg)
    require(code(path, name, **names).PTVMViT(cfg).model == (2, None), "no model")
    cfg.MVIT.POOL_KV_STRIDE, cfg.MVIT.POOL_KV_STRIDE_ADAPTIVE = [[0, 1, 2, 2]], None
    require(code(path, name, **names).PTVMViT(cfg).model[1] == [[0, 1, 2, 2]], "strides are lost")


def check_a_reversible_transformer_has_no_class_token(folder: Path) -> None:
    del folder
    path, name = "slowfast/models/video_model_builder.py", "reversible-class-token"
    cfg = CfgNode({"MVIT": {"CLS_EMBED_ON": True, "REV": {"ENABLE": True}}})
    with fails(AssertionError, ""):
        code(path, tree=name).MViT(cfg.clone())
    module = code(path, name)
    model = module.MViT(cfg.clone())
    cfg.MVIT.REV.ENABLE = False
    kept = module.MViT(cfg.clone())
    require((model.tokens, model.blocks, kept.tokens) == (8, [False], 9), "other tokens")
    require(
        [text[:28] for text in module.log.messages] == ["MVIT.CLS_EMBED_ON is ignored"], "silent"
    )


def check_bfloat16_needs_no_scaler(folder: Path) -> None:
    """The type of autocast, and a scaler only for float16, in a checkpoint too."""
    del folder
    train, defaults = "tools/train_net.py", "slowfast/config/defaults.py"
    tree = "mixed-precision-dtype"
    key = "MIXED_PRECISION_DTYPE"
    names = {"make": lambda: CfgNode({"TRAIN": {}, "NUM_GPUS": 0})}
    require(key not in code(defaults, tree=tree, **names)._C.TRAIN, "upstream has the switch now")
    module = code(defaults, tree, **names)
    cfg = module.assert_and_infer_cfg(module._C)
    require(cfg.TRAIN[key] == "float16", "another default")
    cfg.TRAIN[key] = "bf16"
    with fails(AssertionError, "bfloat16"):
        module.assert_and_infer_cfg(cfg)

    real, found = torch.amp.GradScaler, {}
    torch.amp.GradScaler = lambda enabled: real("cpu", enabled=enabled)  # no GPU is needed
    try:
        for patches in (("cuda-amp",), ("cuda-amp", tree), (tree, "cuda-amp")):
            module = code(train, *patches, "cpu-synchronize", tree=tree)
            for dtype in ("float16", "bfloat16"):
                cfg.TRAIN.MIXED_PRECISION, cfg.TRAIN[key] = True, dtype
                types: list[Any] = []
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # autocast for a GPU that is absent
                    step = lambda *_: types.append(torch.get_autocast_dtype("cuda"))  # noqa: B023, E731
                    module.train_epoch([(1, 2)], step, cfg)
                saved: list[Any] = []
                scaler = module.train(cfg, saved.append)
                found[patches, dtype] = (types[0], scaler.is_enabled(), saved[0] is scaler)
    finally:
        torch.amp.GradScaler = real
    half, wide = (torch.float16, True, True), (torch.bfloat16, False, False)
    wanted = {"float16": half, "bfloat16": wide}
    for (patches, dtype), got in found.items():
        want = wanted[dtype] if tree in patches else half
        require(got == want, f"{patches} {dtype}: {got}")


def check_batches_of_a_group_are_one_step(folder: Path) -> None:
    """Three batches of different sizes equal one of their clips, with a scaler and without."""
    del folder
    name, keys = (
        "gradient-accumulation",
        CfgNode({"TRAIN": {}, "MODEL": {"MODEL_NAME": "SlowFast"}}),
    )
    defaults = code("slowfast/config/defaults.py", name, make=keys.clone)
    cfg = defaults._assert_and_infer_cfg(defaults._C)
    require(cfg.TRAIN.ACCUMULATION_STEPS == 1, "another default")
    cfg.SOLVER = CfgNode({"CLIP_GRAD_L2NORM": 0.5})
    torch.manual_seed(0)
    clips, labels = torch.randn(20, 4), torch.arange(20) % 4

    def trained(sizes: list[int], steps: int, *patches: str) -> tuple[Any, list[Any]]:
        cfg.TRAIN.ACCUMULATION_STEPS = steps
        net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
        net.load_state_dict(
            {k: v for k, v in model(4).state_dict().items() if k in net.state_dict()}
        )
        opt = torch.optim.SGD(net.parameters(), lr=1.0, momentum=0.9)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        rows: list[Any] = []
        batches = list(zip(clips.split(sizes), labels.split(sizes), strict=True))
        module = code("tools/train_net.py", *patches, tree=name)
        module.train_epoch(batches, net, opt, scaler, 0, cfg, rows)
        return torch.cat([p.detach().flatten() for p in net.parameters()]), rows

    once, rows = trained([10, 10], 1)
    same, logged = trained([10, 10], 1, name)
    require(torch.equal(once, same) and rows == logged, "the default is not as before")
    parts, logged = trained([4, 3, 3, 2, 4, 4], 3, name)
    apart = (once - parts).abs().max().item()
    require(apart < 1e-6, f"other weights: {apart}")
    means = [sum(n * logged[i][1] for n, i in ((4, 0), (3, 1), (3, 2))) / 10]
    require(abs(means[0] - rows[0][1]) < 1e-6, "another loss")
    require([row[0] for row in logged] == [rows[0][0]] * 3 + [rows[1][0]] * 3, "another rate")
    require(abs(logged[5][2] - rows[1][2]) < 1e-6, "another norm of the gradients")
    # An incomplete group at the end of an epoch is a step of its own.
    once, _ = trained([15, 5], 1)
    parts, logged = trained([5, 5, 5, 5], 3, name)
    rate, exact = logged[3][0], 0.1 / (1 + 3 / 4)
    require(len(logged) == 4 and abs(rate - exact) < 1e-9, "another rate of the last group")
    require((once - parts).abs().max().item() > 1e-4, "a rate by steps, where steps differ")
    cfg.MODEL.MODEL_NAME = "ContrastiveModel"
    with fails(ValueError, "momentum encoder"):
        defaults._assert_and_infer_cfg(cfg)


def check_contrastive_tasks_on_a_cpu(folder: Path) -> None:
    del folder
    name, cfg = "cpu-contrastive", SimpleNamespace(NUM_GPUS=0, NUM_SHARDS=1)
    logits = torch.tensor([[2.0, 1.0]])

    def ran(*patches: str) -> tuple[Any, Any]:
        model = code("slowfast/models/contrastive.py", *patches, tree=name).ContrastiveModel(cfg)
        loss = code("slowfast/models/losses.py", *patches, tree=name).ContrastiveLoss()
        require(model.shuffled(logits).tolist() == [[0]], "the batch is not in one part")
        return model(logits), loss(logits)

    if not torch.cuda.is_available():
        with fails((RuntimeError, AssertionError), ""):  # no driver, or torch built without CUDA
            ran()
    got, loss = ran(name)
    require(torch.equal(got, logits.softmax(1)), "another result")
    want = nn.functional.cross_entropy(logits, torch.tensor([0]))
    require(torch.equal(loss, want), "another loss")


def check_images_have_a_time_axis(folder: Path) -> None:
    """A convolution over time and space takes images; those of a test have one size."""
    del folder
    path, name = "slowfast/datasets/imagenet.py", "image-time-axis"

    def uniform_crop(images: Any, size: int, spatial_idx: int, scale_size: int) -> Any:
        height, width = images.shape[-2:]
        scaled = nn.functional.interpolate(
            images[None], scale_factor=scale_size / min(height, width)
        )
        require(spatial_idx == 1, "not the centre")
        return scaled[0, :, :size, :size], None

    sys.modules["small"] = types.ModuleType("small")
    sys.modules["small"].transform = SimpleNamespace(uniform_crop=uniform_crop)
    cfg = CfgNode(
        {"MVIT": {"PATCH_2D": False}, "DATA": {"TRAIN_CROP_SIZE": 4, "TEST_CROP_SIZE": 6}}
    )

    def batch(mode: str, *patches: str) -> Any:
        data = code(path, *patches, tree=name, __package__="small").Imagenet(cfg, mode)
        sizes = (6, 6) if mode == "train" else (6, 9)
        images = [torch.zeros(3, *sizes), torch.zeros(3, *reversed(sizes))]
        return torch.utils.data.default_collate([data[image] for image in images])[0][0]

    stem = nn.Conv3d(3, 2, 1)
    with fails(RuntimeError, "to have 3 channels"):
        stem(batch("train"))
    require(stem(batch("train", name)).shape == (2, 2, 1, 6, 6), "another shape")
    with fails(RuntimeError, "equal size"):
        batch("test")
    require(batch("test", name).shape == (2, 3, 1, 4, 4), "another shape in the test")
    cfg.MVIT.PATCH_2D = True
    require(batch("train", name).shape == (2, 3, 6, 6), "a transformer of images gets an axis")


def check_the_long_cycle_with_one_process(folder: Path) -> None:
    del folder
    path, name = "slowfast/utils/multigrid.py", "cpu-multigrid"

    def norm(gpus: int, batch: int, *patches: str) -> tuple[str, int, int]:
        cfg = CfgNode(
            {
                "NUM_GPUS": gpus,
                "TRAIN": {"BATCH_SIZE": 0},
                "MULTIGRID": {"DEFAULT_B": batch, "BN_BASE_SIZE": 8},
                "BN": {"NORM_TYPE": "", "NUM_SYNC_DEVICES": 1, "NUM_SPLITS": 1},
            }
        )
        code(path, *patches, tree=name).MultigridSchedule().update_long_cycle(cfg, 1)
        return cfg.BN.NORM_TYPE, cfg.BN.NUM_SYNC_DEVICES, cfg.BN.NUM_SPLITS

    with fails(ZeroDivisionError, "division by zero"):
        norm(0, 2)
    require(norm(1, 2) == ("sync_batchnorm", 4, 1), "the failure does not occur")
    require(norm(0, 2, name) == norm(1, 2, name) == ("batchnorm", 1, 1), "BN of others")
    require(norm(0, 16, name) == ("sub_batchnorm", 1, 2), "no parts")
    require(norm(8, 16, name) == norm(8, 16) == ("sync_batchnorm", 4, 1), "other BN with GPUs")


def check_multi_tensor_adamw(folder: Path) -> None:
    del folder
    net = model()
    module = code("slowfast/models/optimizer.py", "multi-tensor-adamw")
    opt = module.construct_optimizer(net.parameters(), "mt_adamw")
    require(opt.defaults["foreach"] is True, opt.defaults)
    require(step(net, opt) > step(net, opt), "the loss does not fall")


def check_lists_of_ava_are_compared_by_name(folder: Path) -> None:
    del folder
    frames = ([["a1"], ["b1"], ["c1"]], ["a", "b", "c"])
    helper = SimpleNamespace(load_image_lists=lambda _: frames)
    registry = SimpleNamespace(register=lambda: lambda made: made)
    sys.modules["small"] = types.ModuleType("small")
    sys.modules["small"].ava_helper = helper
    sys.modules["small.build"] = types.ModuleType("small.build")
    sys.modules["small.build"].DATASET_REGISTRY = registry
    module = code("slowfast/datasets/ava_dataset.py", "fork-assert-print", __package__="small")
    helper.load_boxes_and_labels = lambda _: {"a": 1, "c": 3, "d": 4}
    ava = module.Ava()
    require(ava._load_data(None) == [1, 3], "other videos")
    require(ava._image_paths == [["a1"], ["c1"]], ava._image_paths)
    require(
        ["frames" in module.log.messages[0], "b" in module.log.messages[1]] == [True, True],
        "silent",
    )
    helper.load_boxes_and_labels = lambda _: {"x": 1}
    with fails(ValueError, "No video has both"):
        ava._load_data(None)


def check_gathering_on_two_processes(folder: Path) -> None:
    context = torch.multiprocessing.get_context("spawn")
    both = [context.Process(target=_gather, args=(rank, str(folder))) for rank in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    require([process.exitcode for process in both] == [0, 0], "a process failed")


def _gather(rank: int, folder: str) -> None:
    place = f"file://{folder}/store"
    torch.distributed.init_process_group("gloo", init_method=place, rank=rank, world_size=2)
    module = code("pytorchvideo/layers/distributed.py", "cat-all-gather")
    module.get_world_size = torch.distributed.get_world_size
    module.init_distributed_training(2, 0)
    part = torch.full((2, 3), float(rank))
    for local in (False, True):
        got = module.cat_all_gather(part, local=local)
        require(got[:, 0].tolist() == [0, 0, 1, 1], got)
    require((module.get_local_rank(), module.get_local_size()) == (rank, 2), "local")
    torch.distributed.destroy_process_group()


def check_the_loss_with_soft_targets(folder: Path) -> None:
    del folder
    path = "pytorchvideo/losses/soft_target_cross_entropy.py"
    module = code(path, "cat-all-gather")
    torch.manual_seed(0)
    logits, classes = torch.randn(5, 4), torch.tensor([0, 3, -100, 1, 2])
    soft = torch.rand(5, 4)
    loss = module.SoftTargetCrossEntropyLoss
    want = nn.functional.cross_entropy(logits, classes)
    require(torch.allclose(loss()(logits, classes), want), "hard targets")
    want = nn.functional.cross_entropy(logits, soft)
    require(torch.allclose(loss(normalize_targets=False)(logits, soft), want), "soft targets")


def main(wanted: list[str]) -> int:
    """Run the checks, all or the named ones, and say how each went."""
    checks = {name: check for name, check in globals().items() if name.startswith("check_")}
    print(f"torch {torch.__version__}, numpy {np.__version__}, av {av.__version__}")
    failed = 0
    for name, check in checks.items():
        if wanted and name.removeprefix("check_") not in wanted:
            continue
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(Path(folder))
                word = "ok"
            except SkippedError as reason:
                word = f"skipped: {reason}"
            except SystemExit as wrong:
                word, failed = f"FAILED: {wrong}", failed + 1
        seconds = time.perf_counter() - started
        print(f"  {name.removeprefix('check_').replace('_', ' '):<58}{seconds:5.1f} s  {word}")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
