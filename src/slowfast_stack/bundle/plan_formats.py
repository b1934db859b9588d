"""A plan in the formats of other tools: pylock.toml (PEP 751) and the manifest of pixi.

Both hold what is installed with packages. The driver, the toolkit, FFmpeg and the patches of the
source trees are no packages; a comment at the top names them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slowfast_stack.bundle import wheels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import Plan
    from slowfast_stack.bundle.target import Target

# What pip and pixi have to build with the torch of the environment.
_BUILT_WITH_TORCH = ("detectron2",)
_SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}


def pylock(plan: Plan, target: Target) -> str:
    """Return the plan as pylock.toml; asks the package index for files. Raises StackError."""
    options = ["--python-version", target.python, "--python-platform", target.platform]
    options += ["--index", plan.torch.index] if plan.torch.index else []
    text = wheels.lock_text(wheels.requirements(plan, adopt_torch=False), *options)
    return "\n".join([*_comments(plan), text.rstrip(), "", *_tree_packages(plan)]) + "\n"


def _tree_packages(plan: Plan) -> Iterator[str]:
    for name, source in plan.sources.items():
        if source is None:
            continue
        yield "[[packages]]"
        if source.origin == "git":
            vcs = {"type": "git", "url": source.url, "commit-id": source.commit}
            yield from (f"name = {_text(name)}", f"vcs = {_inline(vcs)}", "")
            continue
        file = wheels.sdist(str(source.requirement), str(source.sha256))
        package, _equal, version = str(source.requirement).partition("==")
        sdist = f"{{ url = {_text(file.url)}, hashes = {_inline({'sha256': file.sha256})} }}"
        yield from (
            f"name = {_text(package)}",
            f"version = {_text(version)}",
            f"sdist = {sdist}",
            "",
        )


def pixi(plan: Plan, target: Target) -> str:
    """Return the plan as pixi.toml for pixi 0.71 or newer, which has CUDA on platforms."""
    lines = [
        *_comments(plan),
        "[workspace]",
        'name = "slowfast"',
        'channels = ["conda-forge"]',
        f"platforms = [{_platform(plan, target)}]",
        "",
        "[dependencies]",
        f"python = {_text(f'{plan.python}.*')}",
        "",
        "[pypi-options]",
        f"no-build-isolation = {json.dumps(list(_BUILT_WITH_TORCH))}",
        "",
        "[pypi-dependencies]",
    ]
    lines += [_dependency(row, plan) for row in wheels.requirements(plan, adopt_torch=False)]
    for name, source in plan.sources.items():
        if source is None:
            continue
        if source.origin == "git":
            lines.append(f"{name} = {_inline({'git': source.url, 'rev': source.commit})}")
        else:
            lines.append(_dependency(str(source.requirement), plan))
    return "\n".join([*lines, "", "[activation.env]", *_environment(plan)]).rstrip() + "\n"


def _platform(plan: Plan, target: Target) -> str:
    """Return where pixi may solve: ``__cuda`` and ``__cuda_arch`` as the wheel and the GPUs have them."""
    parts = {"platform": _SUBDIRS[target.machine], "glibc": target.glibc}
    text = _inline(parts)
    lowest = min(
        (gpu.compute_capability for gpu in plan.gpus if gpu.compute_capability),
        key=lambda capability: [int(part) for part in capability.split(".")],
        default=None,
    )
    if plan.torch_wheels.cuda is None or not plan.gpus:
        return text
    cuda = {"driver": plan.torch_wheels.cuda} | ({"arch": lowest} if lowest else {})
    return f'{{ name = "gpu", {text[2:-2]}, cuda = {_inline(cuda)} }}'


def _dependency(requirement: str, plan: Plan) -> str:
    name, _equal, version = requirement.partition("==")
    value = {"version": f"=={version}" if version else "*"}
    if plan.torch.index and name in {"torch", "torchvision", "torchaudio"}:
        value["index"] = plan.torch.index
    return f"{name} = {_inline(value) if len(value) > 1 else _text(value['version'])}"


def _environment(plan: Plan) -> Iterator[str]:
    if plan.torch.arch_list:
        yield f"TORCH_CUDA_ARCH_LIST = {_text(plan.torch.arch_list)}"


def _comments(plan: Plan) -> Iterator[str]:
    """Yield what the format cannot hold."""
    yield f"# Plan {plan.id} of slowfast.stack. Not in this file:"
    driver, cuda = plan.driver, plan.cuda
    if driver:
        yield f"#   driver branch {driver.branch} ({driver.action})"
    if cuda:
        yield f"#   CUDA toolkit {cuda.toolkit} ({cuda.action}), which compiles Detectron2"
    if plan.ffmpeg:
        yield f"#   FFmpeg {plan.ffmpeg.version}"
    yield f"#   patches, applied by `slowfast-stack patch`: {', '.join(plan.patches)}"


def _inline(values: Mapping[str, str | None]) -> str:
    rows = ", ".join(f"{key} = {_text(value)}" for key, value in values.items())
    return f"{{ {rows} }}"


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
