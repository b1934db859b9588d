"""Tensors without numbers on a GPU that is not there: what depends on numbers is answered here.

Above PyTorch's FakeTensorMode, ``Answers`` gives ``.item()``, boolean masks and comparisons a value
and counts how often the host waits for the GPU; ``answer_arrays`` does so for NumPy; ``Memory`` adds up
the bytes that live on the GPU, in the blocks of PyTorch's allocator.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import Counter

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
BLOCK = 512  # the caching allocator rounds each tensor up to it


class Memory:
    """Bytes of all tensors alive on the GPU, and the most there ever were."""

    def __init__(self, device: str) -> None:
        """Begin with none; ``device`` is cuda, or cpu where a configuration uses no GPU."""
        self.device = device
        self.forget()

    def forget(self) -> None:
        """Begin again, for another model."""
        self.now = self.most = 0
        self._seen = {}

    def count(self, tensor) -> None:
        """Count the storage of a tensor on the device once; its end is noticed."""
        if tensor.device.type != self.device:
            return
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001  (the identity of a storage)
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        if key in self._seen or not size:
            return

        seen = self._seen

        def freed(_tensor) -> None:
            if seen is self._seen:
                self.now -= size
            seen.pop(key, None)

        seen[key] = weakref.ref(storage, freed)
        self.now += size
        self.most = max(self.most, self.now)


class Mode(TorchDispatchMode):
    """A mode that the compiler of PyTorch, which takes seconds to import, need not know of."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


class Answers(Mode):
    """Answer what depends on numbers, count the memory of every result and the waits for the GPU.

    A truth value is True, a number 0; ``share`` of the elements of a mask are set, the same in
    each row, so that two selections with one mask have one size.
    """

    def __init__(self, memory: Memory, share: float) -> None:
        """Count in ``memory``."""
        super().__init__()
        self.memory, self.share = memory, share
        self.syncs = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Answer an operation, or let it make tensors without numbers."""
        kwargs = kwargs or {}
        answer = ANSWERS.get(function)
        made = answer(self, function, args, kwargs) if answer else function(*args, **kwargs)
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self.memory.count(tensor)
        return made

    def waits(self, tensor, what: str) -> None:
        """Count a wait of the host, where the tensor is on the GPU."""
        if tensor.device.type == "cuda":
            self.syncs[what] += 1

    def selected(self, mask) -> int:
        """Return how many elements of a mask are set: the same number in each row."""
        if not mask.dim() or not mask.numel():
            return mask.numel()
        rows = mask.shape[0] if mask.dim() > 1 else 1
        return rows * max(1, round(mask.numel() // rows * self.share))


def _number(mode, function, args, kwargs):
    tensor = args[0]
    mode.waits(tensor, "item")
    known = getattr(tensor, "constant", None)
    if known is not None or not isinstance(tensor, FakeTensor):
        return function(*args, **kwargs)
    if tensor.dtype == torch.bool:
        return True
    return 0.0 if tensor.dtype.is_floating_point else 0


def _equal(mode, _function, args, _kwargs):
    mode.waits(args[0], "equal")
    return args[0].shape == args[1].shape


def _copy(mode, function, args, kwargs):
    to = kwargs.get("device")
    if to is not None and torch.device(to).type == "cpu" and not kwargs.get("non_blocking"):
        mode.waits(args[0], "copy to the host")
    return function(*args, **kwargs)


def _nonzero(mode, _function, args, _kwargs):
    mode.waits(args[0], "nonzero")
    shape = (mode.selected(args[0]), args[0].dim())
    return args[0].new_empty(shape, dtype=torch.int64)


def _masked_select(mode, _function, args, _kwargs):
    mode.waits(args[0], "mask")
    _input, mask = torch.broadcast_tensors(args[0], args[1])
    return args[0].new_empty(mode.selected(mask))


def _indexed(mode, function, args, kwargs):
    """Replace each boolean index by one index of numbers for each of its dimensions."""
    tensor, indices, *rest = args
    plain = []
    for index in indices:
        if index is not None and index.dtype in (torch.bool, torch.uint8):
            mode.waits(tensor, "mask")
            count = mode.selected(index)
            plain += [index.new_empty(count, dtype=torch.int64) for _axis in range(index.dim())]
        else:
            plain.append(index)
    return function(tensor, plain, *rest, **kwargs)


ANSWERS = {
    aten._local_scalar_dense.default: _number,  # noqa: SLF001
    aten.equal.default: _equal,
    aten._to_copy.default: _copy,  # noqa: SLF001
    aten.nonzero.default: _nonzero,
    aten.masked_select.default: _masked_select,
    aten.index.Tensor: _indexed,
    aten.index_put.default: _indexed,
    aten.index_put_.default: _indexed,
    aten._index_put_impl_.default: _indexed,
    aten._unsafe_index.Tensor: _indexed,  # noqa: SLF001
}


def answer_arrays() -> None:
    """Give NumPy, lists and texts numbers: 0 and 1 in turn, zeros where they are not floating."""
    real = {name: getattr(torch.Tensor, name) for name in ("numpy", "tolist", "__array__")}

    def answered(name: str, of):
        def answer(tensor, *args, **kwargs):
            known = tensor.constant is not None
            return real[name](tensor, *args, **kwargs) if known else of(_array(tensor))

        return answer

    FakeTensor.numpy = answered("numpy", lambda array: array)
    FakeTensor.__array__ = answered("__array__", lambda array: array)
    FakeTensor.__bool__ = _truth
    FakeTensor.tolist = answered("tolist", np.ndarray.tolist)
    FakeTensor.__format__ = lambda tensor, form: format(tensor.item() if form else "tensor", form)


def _truth(tensor) -> bool:
    number = tensor.item()  # it waits for the GPU as any number does
    return bool(number) if tensor.constant is not None else True


def _array(tensor) -> np.ndarray:
    dtype = torch.empty(0, dtype=tensor.dtype, device="meta").dtype
    kind = np.float32 if dtype.is_floating_point else np.bool_ if dtype == torch.bool else np.int64
    if kind is np.float32:
        return (np.arange(tensor.numel()) % 2).astype(kind).reshape(tuple(tensor.shape))
    return np.zeros(tuple(tensor.shape), kind)


class Unfilled(Mode):
    """Leave large tensors without numbers while a model is built: no one reads them."""

    LARGE = 4096

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Skip an operation that only fills a large tensor in place."""
        if function in FILLS and args[0].numel() >= self.LARGE:
            return args[0]
        return function(*args, **(kwargs or {}))


FILLS = {
    aten.uniform_.default,
    aten.normal_.default,
    aten.fill_.Scalar,
    aten.zero_.default,
    aten.erfinv_.default,
    aten.mul_.Tensor,
    aten.mul_.Scalar,
    aten.add_.Tensor,
    aten.clamp_.default,
    aten.div_.Tensor,
}


def without_numbers(module, mode, memory: Memory) -> None:
    """Replace every parameter, buffer and tensor of a module by one without numbers."""
    for part in module.modules():
        for table in (part._parameters, part._buffers, vars(part)):  # noqa: SLF001
            for name, tensor in list(table.items()):
                if isinstance(tensor, torch.Tensor) and not isinstance(tensor, FakeTensor):
                    table[name] = mode.from_tensor(tensor)
                    memory.count(table[name])


def gpu_syncs() -> int:
    """Return how often the program asked the GPU to finish; 0 without the fake runtime."""
    if not hasattr(ctypes.CDLL(None), "fake_cuda_syncs"):
        return 0
    return ctypes.c_ulong.in_dll(ctypes.CDLL(None), "fake_cuda_syncs").value
