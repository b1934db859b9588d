"""Create signed repositories of stub rpms with the vendor's names, versions, relations and streams.

    rpm_repositories.py FOLDER KERNEL...

FOLDER/vendor is laid out as NVIDIA's repository, rhel8 and rhel9 with module streams, rhel10
without; FOLDER/distribution has the packages of the distribution and of EPEL.
Names and relations: NVIDIA's packaging repositories yum-packaging-nvidia-driver and -dkms-nvidia.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import repositories
from repositories import BUILD, CUOBJDUMP, DKMS, NVCC, UNIT, signing_key, write

if TYPE_CHECKING:
    from collections.abc import Sequence

DRIVERS = ("580.95.05", "580.178.04", "595.91.07")
TOOLKITS = ("12.6", "12.8", "13.0")
LIBRARIES = "/usr/lib64"
# rpm runs the new package's script first: only the last removal removes the module.
UNBUILD = f'[ "$1" = 0 ] || exit 0\n{repositories.UNBUILD}'
# The streams of a branch, with the kernel module of each.
STREAMS = {"{}-open": "kmod-nvidia-open-dkms", "{}-dkms": "kmod-nvidia-latest-dkms"}
STREAM = """\
---
document: modulemd
version: 2
data:
  name: nvidia-driver
  stream: {stream}
  version: 20261101000000
  context: "00000000"
  arch: x86_64
  summary: stub for tests
  description: stub for tests
  license: {{module: [MIT]}}
  profiles:
    default: {{rpms: [nvidia-driver, nvidia-driver-cuda, {module}]}}
  artifacts:
    rpms: [{artifacts}]
...
"""
DEFAULT = """\
---
document: modulemd-defaults
version: 1
data:
  module: nvidia-driver
  stream: {stream}
  profiles: {{{profiles}}}
...
"""


@dataclass(frozen=True)
class Stub:
    """An rpm: ``relations`` are tags of a spec, ``files`` are paths with text and mode."""

    name: str
    version: str
    relations: tuple[str, ...] = ()
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    post: str = ""
    preun: str = ""
    postun: str = ""
    epoch: int = 0

    @property
    def nevra(self) -> str:
        """Return the name in the list of a module stream."""
        return f"{self.name}-{self.epoch}:{self.version}-1.x86_64"


def driver(version: str) -> list[Stub]:
    """Return the packages of one driver release."""
    full = f"3:{version}"

    def part(name: str, *needs: str, **more: object) -> Stub:
        relations = tuple(f"Requires: {need} = {full}" for need in needs)
        return Stub(name, version, relations, epoch=3, **more)  # type: ignore[arg-type]

    def module(name: str, other: str) -> Stub:
        licence = "Dual MIT/GPL" if "open" in name else "NVIDIA"
        return Stub(
            name,
            version,
            (f"Provides: nvidia-kmod = {full}", f"Conflicts: {other}", "Requires: dkms"),
            {"/usr/src/nvidia.ko": (repositories._module(version, licence), 0o644)},
            post=BUILD,
            preun=UNBUILD,
            epoch=3,
        )

    def unit(name: str) -> dict[str, tuple[bytes, int]]:
        return {f"/usr/lib/systemd/system/{name}.service": (UNIT.format(name=name).encode(), 0o644)}

    shown = f'#!/bin/sh\necho "Fabric Manager version is : {version}"\n'.encode()
    return [
        part("nvidia-driver", "nvidia-driver-libs", "nvidia-kmod-common"),
        part("nvidia-driver-libs"),
        part("nvidia-kmod-common", "nvidia-kmod"),
        part(
            "nvidia-driver-cuda", "nvidia-driver-cuda-libs", "libnvidia-ml", "nvidia-persistenced"
        ),
        part("nvidia-driver-cuda-libs"),
        part(
            "libnvidia-ml",
            files={f"{LIBRARIES}/libnvidia-ml.so.{version}": (repositories.nvml(version), 0o644)},
            links={f"{LIBRARIES}/libnvidia-ml.so.1": f"libnvidia-ml.so.{version}"},
            post="ldconfig\n",
            postun="ldconfig\n",
        ),
        part("nvidia-persistenced", files=unit("nvidia-persistenced")),
        module("kmod-nvidia-open-dkms", "kmod-nvidia-latest-dkms"),
        module("kmod-nvidia-latest-dkms", "kmod-nvidia-open-dkms"),
        Stub(
            "nvidia-fabric-manager",
            version,
            files={**unit("nvidia-fabricmanager"), "/usr/bin/nv-fabricmanager": (shown, 0o755)},
        ),
    ]


def metas(version: str) -> list[Stub]:
    """Return the packages that select a branch where there are no streams."""
    branch = version.partition(".")[0]
    common = tuple(
        f"Requires: {name} = 3:{version}" for name in ("nvidia-driver", "nvidia-driver-cuda")
    )
    return [
        Stub(f"{name}-{branch}", version, (*common, f"Requires: {module} = 3:{version}"))
        for name, module in (
            ("nvidia-open", "kmod-nvidia-open-dkms"),
            ("cuda-drivers", "kmod-nvidia-latest-dkms"),
        )
    ]


def toolkit(version: str) -> list[Stub]:
    """Return the packages of one CUDA toolkit."""
    dashed, home = version.replace(".", "-"), f"/usr/local/cuda-{version}"
    json = f'{{"cuda": {{"name": "CUDA SDK", "version": "{version}.0"}}}}\n'
    install = f"alternatives --install /usr/local/cuda cuda {home} {version.replace('.', '')}\n"
    remove = f'[ "$1" = 0 ] || exit 0\nalternatives --remove cuda {home}\n'
    config = f"cuda-toolkit-{dashed}-config-common"
    return [
        Stub(
            f"cuda-toolkit-{dashed}",
            f"{version}.0",
            (f"Requires: {config}",),
            {
                f"{home}/version.json": (json.encode(), 0o644),
                f"{home}/bin/nvcc": (NVCC.encode(), 0o755),
                f"{home}/bin/cuobjdump": (CUOBJDUMP.encode(), 0o755),
                f"{home}/lib64/libcudart.so.{version}": (b"stub", 0o644),
            },
        ),
        Stub(config, f"{version}.0", post=install, preun=remove),
    ]


def distribution(kernels: Sequence[str]) -> list[Stub]:
    """Return the packages of the distribution and of EPEL."""
    headers = {kernel: f"/usr/src/kernels/{kernel}" for kernel in kernels}
    return [
        Stub("system-release", "9.6", ("Provides: /bin/sh",)),
        Stub("epel-release", "9"),
        Stub("dkms", "3.2.2", files={"/usr/sbin/dkms": (DKMS, 0o755)}),
        Stub("kernel-headers", "5.14.0"),
        Stub("python3-dnf-plugin-versionlock", "4.3.0"),
        Stub(
            "kernel-devel",
            "5.14.0",
            tuple(f"Provides: kernel-devel-{kernel}" for kernel in kernels),
            {f"{folder}/Makefile": (b"# stub\n", 0o644) for folder in headers.values()},
            {f"/lib/modules/{kernel}/build": folder for kernel, folder in headers.items()},
        ),
    ]


def _spec(stub: Stub, root: Path) -> str:
    lines = [
        f"Name: {stub.name}",
        f"Version: {stub.version}",
        "Release: 1",
        *([f"Epoch: {stub.epoch}"] if stub.epoch else []),
        "Summary: stub for tests",
        "License: none",
        "Vendor: NVIDIA",
        "AutoReqProv: no",
        *stub.relations,
        "%description",
        "stub for tests",
        "%install",
        f"cp -a {root}/. %{{buildroot}}/",
        *(["%post", stub.post] if stub.post else []),
        *(["%preun", stub.preun] if stub.preun else []),
        *(["%postun", stub.postun] if stub.postun else []),
        "%files",
        *(f'"{path}"' for path in (*stub.files, *stub.links)),
    ]
    return "\n".join(lines) + "\n"


def _build(stub: Stub, folder: Path, home: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        root = top / "root"
        root.mkdir()
        write(root, stub.files, stub.links)
        spec = top / "stub.spec"
        spec.write_text(_spec(stub, root), encoding="utf-8")
        macros = {
            "_topdir": top,
            "_rpmdir": folder,
            "_rpmfilename": "%{NAME}-%{VERSION}.rpm",
            "_dbpath": top / "database",
            "__os_install_post": "%{nil}",
            "_build_id_links": "none",
            "_binary_payload": "w0.gzdio",
            "__gpg": shutil.which("gpg"),
            "_gpg_path": home,
            "_gpg_name": "Stub repository",
        }
        options = [word for key, value in macros.items() for word in ("-D", f"{key} {value}")]
        repositories._run(
            "rpmbuild", "-bb", "--quiet", "--target", "x86_64", "--nodeps", *options, spec
        )
        repositories._run(
            "rpmsign", "--addsign", *options, folder / f"{stub.name}-{stub.version}.rpm"
        )


def _streams(releases: dict[str, list[Stub]]) -> str:
    branches = sorted({version.partition(".")[0] for version in releases})
    names = [form.format(branch) for branch in branches for form in STREAMS]
    profiles = ", ".join(f"{name}: [default]" for name in names)
    text = DEFAULT.format(stream=f"{branches[-1]}-open", profiles=profiles)
    for branch in branches:
        for form, module in STREAMS.items():
            artifacts = [
                stub.nevra
                for version, stubs in releases.items()
                for stub in stubs
                if version.startswith(f"{branch}.")
                and (not stub.name.startswith("kmod-") or stub.name == module)
            ]
            listed = ", ".join(f'"{nevra}"' for nevra in artifacts)
            text += STREAM.format(stream=form.format(branch), module=module, artifacts=listed)
    return text


def _publish(folder: Path, stubs: list[Stub], home: Path, streams: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stub in stubs:
        _build(stub, folder, home)
    repositories._run("createrepo_c", "--quiet", folder)
    if streams:
        modules = folder.parent / "modules.yaml"
        modules.write_text(streams, encoding="utf-8")
        repositories._run("modifyrepo_c", "--mdtype=modules", modules, folder / "repodata")
        modules.unlink()


def main(folder: Path, kernels: Sequence[str]) -> None:
    """Create the repositories, their key and its fingerprint."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    releases = {version: driver(version) for version in DRIVERS}
    packages = [stub for stubs in releases.values() for stub in stubs]
    packages += [stub for version in TOOLKITS for stub in toolkit(version)]
    with_streams, without = (folder / "vendor" / name / "x86_64" for name in ("rhel9", "rhel10"))
    with signing_key(folder, "rsa2048") as home:
        _publish(with_streams, packages, home)
        shutil.copytree(with_streams, without)
        _publish(without, [meta for version in DRIVERS for meta in metas(version)], home)
        _publish(with_streams, [], home, _streams(releases))
        shutil.copytree(with_streams, folder / "vendor" / "rhel8" / "x86_64")
        _publish(folder / "distribution", distribution(kernels), home)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
