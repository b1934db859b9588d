"""The options of a plan, shared by plan, up and bundle create: the request, and the what-if machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ansible_collections.slowfast.stack.plugins.module_utils._stack.catalog.presets import PRESETS
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.request import (
    BUILDS,
    ENVIRONMENTS,
    FFMPEGS,
    NETWORKS,
)
from slowfast_stack import what_if
from slowfast_stack.cli import options
from slowfast_stack.orchestration import request

if TYPE_CHECKING:
    from slowfast_stack.what_if import Machine


@dataclass(frozen=True)
class RequestOptions:
    """What the user asks of the plan; what is not given is left to the planner."""

    torch: Annotated[
        str | None, typer.Option(metavar="SPEC", help="PyTorch release, such as 2.9 or '>=2.4'.")
    ] = None
    cuda: Annotated[
        str | None, typer.Option(metavar="SPEC", help="CUDA toolkit, such as 12.8.")
    ] = None
    python: Annotated[str | None, typer.Option(metavar="SPEC", help="Python, such as 3.11.")] = None
    driver_branch: Annotated[
        str | None, typer.Option(metavar="BRANCH", help="NVIDIA driver branch, such as 580.")
    ] = None
    driver_build: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(BUILDS),
            help="Compile kernel modules here, or take those that the distribution built.",
        ),
    ] = None
    preset: Annotated[
        str | None,
        typer.Option(metavar="|".join(row.name for row in PRESETS), help="Releases to prefer."),
    ] = None
    network: Annotated[
        str | None,
        typer.Option(metavar="|".join(NETWORKS), help="Assume this network instead of probing it."),
    ] = None
    ffmpeg: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(FFMPEGS),
            help="Which FFmpeg to install; default without a GPU: none.",
        ),
    ] = None
    environment: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(ENVIRONMENTS), help="Which tool creates the Python environment."
        ),
    ] = None
    conda_package: Annotated[
        list[str] | None,
        typer.Option(
            "--conda-package",
            metavar="SPEC",
            help="A package of conda-forge beside Python, such as mkl=2024.0. Repeatable.",
        ),
    ] = None
    source: options.Source = None

    def build(self, *, local: bool, **more: object) -> dict[str, object]:
        """Return the request of the planner. Raises UsageError."""
        given = asdict(self)
        return request.build(
            sources=request.sources(given.pop("source"), local=local),
            conda_packages=given.pop("conda_package"),
            **given,
            **more,
        )


@dataclass(frozen=True)
class WhatIfOptions:
    """A machine that does not exist; without any of these options, the hosts are probed."""

    gpu: Annotated[
        list[str] | None,
        typer.Option(metavar="VENDOR:DEVICE[xN]", help="What if: a GPU. Repeatable."),
    ] = None
    os: Annotated[
        str | None,
        typer.Option(metavar="NAME-VERSION", help=f"What if: default {what_if.DEFAULT_OS}."),
    ] = None
    arch: Annotated[
        str | None,
        typer.Option(metavar="x86_64|aarch64", help=f"What if: default {what_if.DEFAULT_ARCH}."),
    ] = None
    installed_driver: Annotated[
        str | None, typer.Option(metavar="VERSION", help="What if: the driver that is loaded.")
    ] = None
    installed_cuda: Annotated[
        str | None, typer.Option(metavar="VERSION", help="What if: a toolkit that is installed.")
    ] = None
    secure_boot: Annotated[
        bool, typer.Option("--secure-boot", help="What if: Secure Boot is on.")
    ] = False
    nvswitch: Annotated[
        bool, typer.Option("--nvswitch", help="What if: NVSwitches connect the GPUs.")
    ] = False
    nvlink5: Annotated[
        bool, typer.Option("--nvlink5", help="What if: switches of NVLink 5 connect the GPUs.")
    ] = False

    def machine(self) -> Machine | None:
        """Return the machine, None where no option was given."""
        if not any(vars(self).values()):
            return None
        return what_if.Machine(
            gpus=self.gpu or (),
            os=self.os or what_if.DEFAULT_OS,
            arch=self.arch or what_if.DEFAULT_ARCH,
            driver=self.installed_driver,
            cuda=self.installed_cuda,
            secure_boot=self.secure_boot,
            nvswitch=self.nvswitch,
            nvlink5=self.nvlink5,
        )
