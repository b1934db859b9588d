"""Rehearse a configuration on GPUs that are not there.

    LD_PRELOAD=libfake_cuda.so ENV/bin/python rehearse.py FILE [KEY VALUE ...]

Upstream's own ``train()`` and ``test()`` run for a few batches on tensors without numbers: model,
optimizer, loaders with made-up data, loss, training steps, precise batch norm, evaluation, test.
The last line of standard output is JSON:

    outcome     passed | failed (upstream's code raised) | unable (the rehearsal could not go on)
    steps       [{"step", "seconds", "ok"}] in the order in which they ended
    failure     null | {"step", "type", "message", "at"}; ``at`` is FILE:LINE below upstream's root
    peak_bytes  the most that lived on one GPU while training, in blocks of PyTorch's allocator
    parameters  bytes of parameters and buffers
    test_bytes  the same peak for the test; null without one
    syncs       {"train": {what: times a step}, ...}: where the host waited for the GPU
    gpu         {"name", "capability", "bytes", "count"}, torch, precision, clips (of a GPU)
    not_shown   what a rehearsal cannot show for this configuration
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import torch

NOT_SHOWN = [
    "numbers: accuracy, divergence, NaN",
    "kernels, cuDNN and their workspaces, speed",
    "videos, decoding and augmentation: batches are made up",
    "files: checkpoints are neither read nor written",
]
SEVERAL = "other processes: NCCL, and what the GPUs send each other"
FAILED, UNABLE = "failed", "unable"
NEEDS_NUMBERS = (
    "DynamicOutputShapeException",
    "DataDependentOutputException",
    "UnsupportedOperatorException",
    "UnsupportedFakeTensorException",
    "UnsupportedMutationAliasingException",
)
# What is not part of the training step itself, or would leave traces.
QUIET = {
    "TENSORBOARD.ENABLE": False,
    "LOG_MODEL_INFO": False,
    "DATA_LOADER.NUM_WORKERS": 0,
    "DATA_LOADER.PIN_MEMORY": False,
    "TRAIN.AUTO_RESUME": False,
    "TRAIN.CHECKPOINT_FILE_PATH": "",
    "TEST.CHECKPOINT_FILE_PATH": "",
    "TEST.SAVE_RESULTS_PATH": "",
    "BN.NUM_BATCHES_PRECISE": 1,
    "SHARD_ID": 0,
}


class NoKernels(Exception):
    """PyTorch has no code for the GPU, or there are too few GPUs."""


class NothingEnabled(Exception):
    """There is nothing to rehearse."""


class Enough(Exception):
    """The first epoch is over."""


class Rehearsal:
    """The steps that ran, what they needed, and why they ended."""

    def __init__(self, cfg) -> None:
        """Prepare to rehearse a configuration."""
        from numberless import Answers, Memory
        from torch._subclasses.fake_tensor import FakeTensorMode

        self.cfg = cfg
        self.memory = Memory("cuda" if cfg.NUM_GPUS else "cpu")
        self.fake = FakeTensorMode(allow_non_fake_inputs=True)
        share = cfg.AUG.MASK_RATIO if cfg.MASK.ENABLE else 0.5
        self.answers = Answers(self.memory, share)
        self.steps, self.failed = [], None
        self.parameters, self.syncs, self.peaks = 0, {}, {}

    @contextlib.contextmanager
    def step(self, name: str):
        """Time a step; the innermost one that is open when something fails has failed."""
        started, ok = time.monotonic(), False
        try:
            yield
            ok = True
        except Enough:
            ok = True
            raise
        except Exception:
            self.failed = self.failed or name
            raise
        finally:
            seconds = round(time.monotonic() - started, 2)
            self.steps.append({"step": name, "seconds": seconds, "ok": ok})

    def named(self, name: str, function):
        """Return a function that is a step when it is called."""

        def run(*args, **kwargs):
            with self.step(name):
                return function(*args, **kwargs)

        return run

    def built(self, function):
        """Return a builder of models that builds with numbers and returns a model without."""
        from numberless import Unfilled, without_numbers
        from torch.utils._python_dispatch import _disable_current_modes

        parallel = torch.nn.parallel.DistributedDataParallel

        def without(model):
            self.memory.forget()
            without_numbers(model, self.fake, self.memory)
            self.parameters = self.memory.now
            return model

        def build(cfg, *args, **kwargs):
            with self.step("model"), _disable_current_modes(), Unfilled():
                torch.nn.parallel.DistributedDataParallel = lambda module, **_options: module
                try:
                    model = without(function(cfg, *args, **kwargs))
                finally:
                    torch.nn.parallel.DistributedDataParallel = parallel
            if cfg.NUM_GPUS > 1:
                model = self.distributed(function, cfg, model, parallel)
            return model

        return build

    def distributed(self, function, cfg, model, parallel):
        """Wrap a model as upstream's builder does, with its own arguments."""
        import slowfast.models.build as builder

        class Ready:
            """The registry of models with one entry, the model that is already built."""

            @staticmethod
            def get(_name):
                return lambda _cfg: model

        import torch.nn.parallel.distributed as ddp

        def wrapped(**options):
            made = parallel(**options)
            made.register_comm_hook(None, alone)
            made.register_comm_hook = lambda *_args, **_options: None
            made.reducer = Reducer(made.reducer, looks_for_unused=made.find_unused_parameters)
            return made

        # It compares the processes; there is one.
        ddp._verify_param_shape_across_processes = lambda *_args, **_options: True  # noqa: SLF001
        torch.nn.parallel.DistributedDataParallel = wrapped
        registry, builder.MODEL_REGISTRY = builder.MODEL_REGISTRY, Ready
        model.cuda = lambda **_options: model
        try:
            with self.step("distributed model"):
                return function(cfg)
        finally:
            builder.MODEL_REGISTRY = registry
            torch.nn.parallel.DistributedDataParallel = parallel
            del model.cuda

    @contextlib.contextmanager
    def counted(self, phase: str, steps: int):
        """Count waits and the peak of a phase."""
        import numberless

        before, at = Counter(self.answers.syncs), numberless.gpu_syncs()
        self.memory.most = self.memory.now
        try:
            yield
        finally:
            waits = self.answers.syncs - before
            waits["synchronize"] += numberless.gpu_syncs() - at
            self.syncs[phase] = {name: round(n / steps, 2) for name, n in waits.items() if n}
            self.peaks[phase] = max(self.peaks.get(phase, 0), self.memory.most)

    def measured(self, name: str, function, steps: int):
        """Return a step whose waits and peak are counted."""

        def run(*args, **kwargs):
            with self.counted(name, steps), self.step(name):
                return function(*args, **kwargs)

        return run


class Reducer:
    """PyTorch's reducer of gradients, except where it would read numbers of other processes."""

    def __init__(self, reducer, *, looks_for_unused: bool) -> None:
        """Wrap the real one."""
        self._reducer, self._looks_for_unused = reducer, looks_for_unused

    def __getattr__(self, name: str):
        """Ask the real one."""
        return getattr(self._reducer, name)

    def prepare_for_backward(self, outputs) -> None:
        """Expect gradients, except of a model of which a part may be unused.

        Which parts were used is counted in pinned memory and summed over the processes.
        """
        if not self._looks_for_unused:
            self._reducer.prepare_for_backward(outputs)

    @staticmethod
    def _rebuild_buckets() -> bool:
        return False


def alone(_state, bucket):
    """Return the gradients of a bucket as they are: there is no other process to add some."""
    done = torch.futures.Future()
    done.set_result(bucket.buffer())
    return done


def described(error: Exception, step: str) -> dict[str, str]:
    """Return what happened, and the deepest line of upstream's own tree."""
    root = _root()
    frames = traceback.extract_tb(error.__traceback__)
    own = [row for row in frames if Path(row.filename).resolve().is_relative_to(root)]
    at = f"{Path(own[-1].filename).resolve().relative_to(root)}:{own[-1].lineno}" if own else ""
    text = str(error).strip()[:2000]
    # What is raised here is no fault of upstream.
    ours = bool(frames) and Path(frames[-1].filename).parent == Path(__file__).parent
    outcome = UNABLE if type(error).__name__ in NEEDS_NUMBERS or ours else FAILED
    if isinstance(error, NoKernels):
        outcome = FAILED
    return {
        "outcome": outcome,
        "step": step,
        "type": type(error).__name__,
        "message": text,
        "at": at,
    }


def _root() -> Path:
    import slowfast

    return Path(slowfast.__file__).resolve().parents[1]


def configured(path: str, pairs: list[str], folder: Path):
    """Read a configuration as upstream does, made quiet."""
    import made_up_data
    from slowfast.config.defaults import assert_and_infer_cfg, get_cfg

    cfg = get_cfg()
    cfg.merge_from_file(path)
    cfg.merge_from_list(pairs)
    cfg = assert_and_infer_cfg(cfg)
    cfg.merge_from_list([word for pair in QUIET.items() for word in pair])
    cfg.OUTPUT_DIR = str(folder)
    if "ava" in (cfg.TRAIN.DATASET, cfg.TEST.DATASET):
        made_up_data.lists_of_ava(cfg, folder)
    return cfg


def prepared(rehearsal: Rehearsal) -> None:
    """Put steps around upstream's own functions, and made-up data in place of videos."""
    import made_up_data
    import slowfast.datasets.loader as loaders
    import slowfast.utils.checkpoint as cu
    import slowfast.utils.distributed as du
    import test_net
    import torch.optim.optimizer as optimizers
    import train_net
    from numberless import answer_arrays
    from slowfast.utils import misc
    from torch._subclasses.fake_tensor import FakeTensor

    cfg = rehearsal.cfg
    answer_arrays()
    loaders.build_dataset = made_up_data.build
    construct = loaders.construct_loader

    def constructed(cfg, split, is_precise_bn=False):  # noqa: FBT002  (upstream's signature)
        with rehearsal.step(f"loader of {split}"):
            made = construct(cfg, split, is_precise_bn=is_precise_bn)
        return made_up_data.few(made, 1 if is_precise_bn else made_up_data.batches(cfg, split))

    loaders.construct_loader = constructed
    train_net.build_model = rehearsal.built(train_net.build_model)
    test_net.build_model = rehearsal.built(test_net.build_model)
    optim = train_net.optim
    optim.construct_optimizer = rehearsal.named("optimizer", optim.construct_optimizer)
    losses = train_net.losses.get_loss_func
    train_net.losses.get_loss_func = lambda name: _loss(rehearsal, losses(name))
    train_net.MixUp.__call__ = rehearsal.named("mixup", train_net.MixUp.__call__)
    steps = made_up_data.batches(cfg, "train")
    train_net.train_epoch = rehearsal.measured("train", train_net.train_epoch, steps)
    name = "calculate_and_update_precise_bn"
    setattr(train_net, name, rehearsal.measured("precise BN", getattr(train_net, name), 1))
    train_net.eval_epoch = rehearsal.measured("evaluation", train_net.eval_epoch, 1)
    test_net.perform_test = rehearsal.measured("test", test_net.perform_test, 1)
    cu.save_checkpoint = cu.load_test_checkpoint = lambda *_args, **_options: None
    cu.is_checkpoint_epoch = misc.is_eval_epoch = lambda *_args, **_options: True
    du.all_gather_unaligned = lambda data, *_args: [data] * du.get_world_size()
    shuffle = loaders.shuffle_dataset

    def shuffled(loader, epoch):
        if epoch > 0:
            raise Enough
        shuffle(loader, epoch)

    loaders.shuffle_dataset = shuffled
    # What an optimizer does for tensors on a GPU: all at once.
    known = getattr(optimizers, "_foreach_supported_types", None)
    if known is not None:
        known.append(FakeTensor)


def on_gpu(cfg) -> None:
    """Take the first GPU. Raises NoKernels where PyTorch has no kernels for it."""
    if torch.cuda.device_count() < cfg.NUM_GPUS:
        text = f"NUM_GPUS is {cfg.NUM_GPUS}; the machine has {torch.cuda.device_count()} GPUs."
        raise NoKernels(text)
    torch.cuda.set_device(0)
    major, minor = torch.cuda.get_device_capability(0)
    kinds = [
        re.fullmatch(r"(sm|compute)_(\d+)(\d)[af]?", arch) for arch in torch.cuda.get_arch_list()
    ]
    codes = [(kind[1], int(kind[2]), int(kind[3])) for kind in kinds if kind]
    if codes and not any(
        (major, minor) >= (there, least) and (kind == "compute" or major == there)
        for kind, there, least in codes
    ):
        text = f"PyTorch {torch.__version__} has no kernels for compute capability {major}.{minor}"
        raise NoKernels(f"{text}: {', '.join(torch.cuda.get_arch_list())}.")


def _loss(rehearsal: Rehearsal, kind):
    """Return a loss class whose use is a step."""

    def made(**options):
        return rehearsal.named("loss", kind(**options))

    return made


def rehearse(rehearsal: Rehearsal) -> None:
    """Run what the configuration enables, as upstream's program does."""
    import test_net
    import train_net

    cfg = rehearsal.cfg
    if not (cfg.TRAIN.ENABLE or cfg.TEST.ENABLE):
        raise NothingEnabled("TRAIN.ENABLE and TEST.ENABLE are False; a demo is not rehearsed.")
    if cfg.NUM_GPUS > 1:
        with rehearsal.step("process group"):
            from torch.testing._internal.distributed.fake_pg import FakeStore

            size = cfg.NUM_GPUS * cfg.NUM_SHARDS
            torch.distributed.init_process_group("fake", rank=0, world_size=size, store=FakeStore())
    if cfg.NUM_GPUS:
        with rehearsal.step("GPU"):
            on_gpu(cfg)
    for enabled, run in ((cfg.TRAIN.ENABLE, train_net.train), (cfg.TEST.ENABLE, test_net.test)):
        if enabled:
            with (
                contextlib.suppress(Enough),
                rehearsal.step(run.__name__ + "()"),
                rehearsal.fake,
                rehearsal.answers,
            ):
                run(cfg.clone())


def report(rehearsal: Rehearsal | None, failure: dict[str, str] | None, cfg) -> dict[str, object]:
    """Return everything as plain data."""
    outcome = failure.pop("outcome") if failure else "passed"
    made = {"outcome": outcome, "failure": failure, "torch": torch.__version__}
    if rehearsal is None:
        return made | {"steps": [], "not_shown": NOT_SHOWN}
    mixed = cfg.TRAIN.MIXED_PRECISION
    half = getattr(cfg.TRAIN, "MIXED_PRECISION_DTYPE", "float16")
    return made | {
        "steps": rehearsal.steps,
        "peak_bytes": rehearsal.peaks.get("train"),
        "test_bytes": rehearsal.peaks.get("test"),
        "parameters": rehearsal.parameters,
        "syncs": rehearsal.syncs,
        "gpu": _gpu() if cfg.NUM_GPUS else None,
        "gpus": cfg.NUM_GPUS,
        "precision": half if mixed else "float32",
        "clips": cfg.TRAIN.BATCH_SIZE // max(1, cfg.NUM_GPUS),
        "not_shown": NOT_SHOWN + ([SEVERAL] if cfg.NUM_GPUS > 1 else []),
    }


def _gpu() -> dict[str, object]:
    gpu = torch.cuda.get_device_properties(0)
    capability = f"{gpu.major}.{gpu.minor}"
    count = torch.cuda.device_count()
    return {
        "name": gpu.name,
        "capability": capability,
        "bytes": gpu.total_memory,
        "count": count,
    }


def rehearsed(path: Path, pairs: list[str]) -> dict[str, object]:
    """Rehearse a configuration in this process, once, and return the report."""
    sys.path.insert(1, str(_root() / "tools"))
    rehearsal = cfg = failure = None
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        os.chdir(folder)  # AVA's evaluation writes into the current folder
        try:
            cfg = configured(str(path), pairs, Path(folder))
            rehearsal = Rehearsal(cfg)
            prepared(rehearsal)
            rehearse(rehearsal)
        except Exception as error:  # noqa: BLE001  (whatever upstream raises is the answer)
            traceback.print_exc()
            step = rehearsal.failed if rehearsal else None
            failure = described(error, step or "configuration")
    return report(rehearsal, failure, cfg)


def main() -> None:
    """Rehearse, and print what happened."""
    path, *pairs = sys.argv[1:]
    made = rehearsed(Path(path).resolve(), pairs)
    sys.stdout.flush()
    print(json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
