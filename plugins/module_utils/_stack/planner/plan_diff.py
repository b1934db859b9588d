"""Compare the plan of a host with one that was made before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .plan import SourcePlan, StackPlan

    Choices = Mapping[str, Callable[[StackPlan], object]]

# What decides which packages are installed.
PACKAGES: Choices = {
    "Python": lambda plan: plan.python,
    "torch": lambda plan: plan.torch.version,
    "the variant of torch": lambda plan: plan.torch.variant,
    "torchvision": lambda plan: plan.torchvision,
    "torchaudio": lambda plan: plan.torchaudio,
    "the packages": lambda plan: plan.packages,
}
# What decides also what is built.
EVERYTHING: Choices = {
    **PACKAGES,
    "the profile": lambda plan: plan.profile,
    "the architectures": lambda plan: plan.torch.arch_list,
    "the patches": lambda plan: plan.patches,
    "GCC": lambda plan: plan.compiler.gcc,
}


def differences(whose: str, made: StackPlan, found: StackPlan, choices: Choices) -> Iterator[str]:
    """Yield a line for each choice and source in which ``found`` differs from ``made``."""
    for name, choice in choices.items():
        one, other = choice(made), choice(found)
        if one != other:
            yield f"{name} of {whose}: {_only(one, other)}; of this host: {_only(other, one)}"
    for name, source in found.sources.items():
        was, now = _content(made.sources.get(name)), _content(source)
        if was != now:
            yield f"{name} of {whose}: {was or 'none'}; of this host: {now or 'none'}"


def _only(value: object, other: object) -> str:
    """Return a value as text; of a list only what the other one does not have."""
    if isinstance(value, tuple) and isinstance(other, tuple):
        return " ".join(sorted(set(value) - set(other))) or "none beside those"
    return "none" if value is None else str(value)


def _content(source: SourcePlan | None) -> str | None:
    """Return what identifies the content of a source, wherever it comes from."""
    return (source.commit or source.sha256) if source else None
