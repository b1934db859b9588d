"""Symptoms of SlowFast, Detectron2 and PyTorchVideo that a patch corrects; the id is that of the patch."""

from __future__ import annotations

from .row import Symptom

_SOURCE = "patch {}, docs/patches.md"


def _patched(id_: str, tool: str, cause: str, *messages: str) -> Symptom:
    return Symptom(
        id_,
        tool,
        messages,
        cause,
        f"slowfast-stack patch PATH --only {id_}",
        _SOURCE.format(id_),
        f"PATH is the source tree of {tool}.",
    )


SYMPTOMS = (
    _patched(
        "fork-pillow-image",
        "slowfast",
        "A fork calls torchvision's ToPILImage by a name that does not exist.",
        "{}AttributeError: module 'torchvision.transforms' has no attribute 'ToPillowImage'",
        "{}AttributeError: module 'torchvision.transforms.transforms' has no attribute 'ToPillowImage'",
    ),
    _patched(
        "fork-use-pillow",
        "slowfast",
        "A fork renamed a parameter of GaussianBlurVideo, and its callers did not follow.",
        "TypeError: {}__init__() got an unexpected keyword argument 'use_PIL'",
    ),
    _patched(
        "optimizer-state",
        "slowfast",
        "The checkpoint has the state of an optimizer with other parameters than this one.",
        "ValueError: loaded state dict has a different number of parameter groups",
        "ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    ),
    _patched(
        "company-imports",
        "slowfast",
        "SlowFast imports its own modules by the names that they have inside its company.",
        "ModuleNotFoundError: No module named 'vision'",
        "ModuleNotFoundError: No module named 'vision.fair'",
    ),
    _patched(
        "torch-six",
        "slowfast",
        "SlowFast imports torch._six, which PyTorch 2 does not have.",
        "ModuleNotFoundError: No module named 'torch._six'",
    ),
    _patched(
        "setup-names",
        "slowfast",
        "setup.py requires PIL and sklearn, which are no names of packages.",
        "ERROR: Could not find a version that satisfies the requirement PIL",
        "ERROR: Could not find a version that satisfies the requirement PIL (from {}",
        "ERROR: No matching distribution found for PIL",
        "{}Because PIL was not found in the package registry and {}",
        "{}Because pil was not found in the package registry and {}",
        "The 'sklearn' PyPI package is deprecated, use 'scikit-learn'",
    ),
    _patched(
        "numpy-nan-alias",
        "slowfast",
        "SlowFast uses np.NAN, which NumPy 2 does not have.",
        "AttributeError: module 'numpy' has no attribute 'NAN'",
        "AttributeError: `np.NAN` was removed in the NumPy 2.0 release. Use `np.nan` instead.",
        "AttributeError: `np.NaN` was removed in the NumPy 2.0 release. Use `np.nan` instead.",
    ),
    _patched(
        "dead-torchvision-decoder",
        "slowfast",
        "SlowFast decodes with torchvision's video reader, which its wheels do not have.",
        "{}AttributeError: module 'torchvision.io' has no attribute '_probe_video_from_memory'",
        "{}module 'torchvision.io' has no attribute '_probe_video_from_memory'",
        "{}'video_reader' object has no attribute 'probe_video_from_memory'",
    ),
    _patched(
        "pyav-decoder",
        "slowfast",
        "SlowFast's functions that decode with PyAV disagree on arguments and results.",
        "Failed to decode by pyav with exception: unsupported operand type(s) for -: 'list' and 'int'",
        "{}UnboundLocalError: cannot access local variable 'start_end_delta_time' where it is not associated with a value",
    ),
    _patched(
        "short-cycle-sampler",
        "slowfast",
        "With one process the short cycle of multigrid has no sampler.",
        "{}sampler should be an instance of torch.utils.data.Sampler, but got sampler=None",
    ),
    _patched(
        "short-cycle-index",
        "slowfast",
        "The index of a short cycle is unpacked twice.",
        "TypeError: cannot unpack non-iterable int object",
    ),
    _patched(
        "clip-tuple",
        "slowfast",
        "A data set of PyTorchVideo gives four values for a clip, and the loop takes five.",
        "ValueError: not enough values to unpack (expected 5, got 4)",
    ),
    _patched(
        "visualization-batch",
        "slowfast",
        "TensorBoard's visualization takes four values of a batch that has five.",
        "ValueError: too many values to unpack (expected 4)",
        "ValueError: too many values to unpack (expected 4, got 5)",
    ),
    _patched(
        "empty-loader",
        "slowfast",
        "The training set gives no batch: it is smaller than one, or its videos cannot be read.",
        "UnboundLocalError: cannot access local variable 'inputs' where it is not associated with a value",
        "UnboundLocalError: local variable 'inputs' referenced before assignment",
    ),
    _patched(
        "checkpoint-weights-only",
        "slowfast",
        "PyTorch 2.6 and later load only tensors by default, and the checkpoint holds other objects.",
        "{}UnpicklingError: Weights only load failed{}",
    ),
    _patched(
        "layer-decay-default",
        "slowfast",
        "The checkpoint is older than the parameter layer_decay.",
        "KeyError: 'layer_decay'",
    ),
    _patched(
        "scaler-state",
        "slowfast",
        "The checkpoint was saved without mixed precision, and this run uses it.",
        "KeyError: 'scaler_state'",
    ),
    _patched(
        "multi-tensor-adamw",
        "slowfast",
        "SlowFast uses torch.optim._multi_tensor, which PyTorch no longer has.",
        "AttributeError: module 'torch.optim' has no attribute '_multi_tensor'",
    ),
    _patched(
        "mixed-precision-dtype",
        "slowfast",
        "SlowFast has no key for the type of mixed precision before it is patched.",
        "KeyError: 'Non-existent config key: TRAIN.MIXED_PRECISION_DTYPE'",
    ),
    _patched(
        "gradient-accumulation",
        "slowfast",
        "SlowFast has no key for accumulation steps before it is patched.",
        "KeyError: 'Non-existent config key: TRAIN.ACCUMULATION_STEPS'",
    ),
    _patched(
        "predictor-gpu-id",
        "slowfast",
        "The demo's predictor has no gpu_id on a CPU.",
        "AttributeError: 'Predictor' object has no attribute 'gpu_id'",
    ),
    _patched(
        "ava-test-timer",
        "slowfast",
        "The test of a detection model pauses its timer twice.",
        "ValueError: Trying to pause a Timer that is already paused!",
    ),
    _patched(
        "ava-mixed-precision",
        "slowfast",
        "The loss of AVA is computed in half precision, which PyTorch refuses.",
        "{}torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast{}",
    ),
    _patched(
        "empty-kv-stride",
        "slowfast",
        "SlowFast passes an empty list where PyTorchVideo's MViT expects None.",
        "AssertionError: pool_kv_stride_size should be none if pool_kv_stride_adaptive is set.",
    ),
    _patched(
        "image-time-axis",
        "slowfast",
        "Images reach a 3D convolution without a time axis.",
        "{}Given groups=1, weight of size [64, 3, 1, 7, 7], expected input{} to have 3 channels{}",
    ),
    _patched(
        "reversible-class-token",
        "slowfast",
        "A reversible MViT is built with a class token, which it cannot have.",
        "assert not self.cls_embed_on",
    ),
    _patched(
        "atomic-checkpoint",
        "slowfast",
        "The checkpoint is incomplete: writing it was interrupted.",
        "{}PytorchStreamReader failed reading zip archive: failed finding central directory{}",
    ),
    _patched(
        "pypi-bn-statistics",
        "slowfast",
        "Precise BN statistics expect three values of a batch.",
        "ValueError: too many values to unpack (expected 3)",
        "ValueError: too many values to unpack (expected 3, got 5)",
    ),
    _patched(
        "missing-csrc",
        "detectron2",
        "The package has no C++ sources, and its setup compiles them.",
        "ninja: error: '{}detectron2/layers/csrc/vision.cpp'{} missing{}",
    ),
    _patched(
        "missing-extension",
        "detectron2",
        "Detectron2 was installed without its compiled extension.",
        "ImportError: cannot import name '_C' from 'detectron2'{}",
        "ImportError: cannot import name '_C' from partially initialized module 'detectron2'{}",
    ),
    _patched(
        "pkg-resources",
        "detectron2",
        "Detectron2 imports pkg_resources, which setuptools 82 and later do not have.",
        "ModuleNotFoundError: No module named 'pkg_resources'",
    ),
    _patched(
        "pil-linear",
        "detectron2",
        "Detectron2 uses a name that Pillow 10 and later do not have.",
        "AttributeError: module 'PIL.Image' has no attribute 'LINEAR'{}",
    ),
    _patched(
        "detectron2-numpy-aliases",
        "detectron2",
        "The source uses names that NumPy 1.24 and later do not have.",
        "AttributeError: module 'numpy' has no attribute 'bool'{}",
        "AttributeError: module 'numpy' has no attribute 'int'{}",
        "AttributeError: module 'numpy' has no attribute 'float'{}",
        "AttributeError: module 'numpy' has no attribute 'object'{}",
    ),
    _patched(
        "functional-tensor",
        "pytorchvideo",
        "PyTorchVideo of PyPI imports a module that torchvision 0.17 and later do not have.",
        "ModuleNotFoundError: No module named 'torchvision.transforms.functional_tensor'",
    ),
    _patched(
        "cat-all-gather",
        "pytorchvideo",
        "PyTorchVideo of PyPI lacks functions that SlowFast imports.",
        "ImportError: cannot import name 'cat_all_gather' from 'pytorchvideo.layers.distributed'{}",
        "ModuleNotFoundError: No module named 'pytorchvideo.losses'",
    ),
    _patched(
        "clip-decoder",
        "pytorchvideo",
        "PyTorchVideo decodes with torchvision's video reader, which its wheels do not have.",
        "AttributeError: '_OpNamespace' 'video_reader' object has no attribute '{}'",
    ),
)
