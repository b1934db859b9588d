"""Say how a plan differs from one that was made before, in words that a person knows it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What decides which packages are installed: a path into the plan.
PACKAGES = {
    "Python": ("python",),
    "torch": ("torch", "version"),
    "the variant of torch": ("torch", "variant"),
    "torchvision": ("torchvision",),
    "torchaudio": ("torchaudio",),
    "the packages": ("packages",),
}
# And what else decides what is built.
WHOLE = {
    **PACKAGES,
    "the profile": ("profile",),
    "the architectures": ("torch", "arch_list"),
    "the patches": ("patches",),
    "GCC": ("compiler", "gcc"),
}


def differences(
    whose: str,
    made: Mapping[str, Any],
    found: Mapping[str, Any],
    choices: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """Yield a line for each choice and source in which ``found`` is not as ``made``."""
    for name, path in choices.items():
        one, other = _at(made, path), _at(found, path)
        if one != other:
            yield f"{name} of {whose}: {_only(one, other)}; of this host: {_only(other, one)}"
    for name, source in found["sources"].items():
        was, now = _content(made["sources"].get(name)), _content(source)
        if was != now:
            yield f"{name} of {whose}: {was or 'none'}; of this host: {now or 'none'}"


def _at(plan: Mapping[str, Any], path: tuple[str, ...]) -> object:
    value: Any = plan
    for name in path:
        value = value[name]
    return value


def _only(value: object, other: object) -> str:
    """Say a value; of a list only what the other one does not have."""
    if isinstance(value, list) and isinstance(other, list):
        return " ".join(sorted(set(value) - set(other))) or "none beside those"
    return "none" if value is None else str(value)


def _content(source: Mapping[str, Any] | None) -> str | None:
    """Return what a source is, wherever it comes from."""
    return None if source is None else source["commit"] or source["sha256"]
