"""Create signed package repositories of stubs with the vendor's names, versions and relations.

    repositories.py FOLDER KERNEL...

FOLDER/vendor is laid out as NVIDIA's repository, FOLDER/archive has the packages of a distribution,
FOLDER/ubuntu is an archive with components.
A kernel module is an object file that contains its version and nothing else.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DRIVERS = ("580.95.05", "580.178.04", "595.91.07", "615.71.09")
TOOLKITS = ("12.6", "12.8", "13.0")
DISTRIBUTIONS = ("debian12", "debian13", "ubuntu2404")
# Modules that Ubuntu's archive provides built and signed.
UBUNTU_DRIVER = "580.159.03"
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
NVCC = r"""#!/bin/sh
# A stub of nvcc that records the requested code.
for last; do :; done
printf '%s\n' "$@" |
  sed -n 's/.*code=\(sm_.*\)/\1.cubin/p; s/.*code=\(compute_.*\)/\1.ptx/p' >"$last"
"""
CUOBJDUMP = """#!/bin/sh
case $1 in --list-elf) exec grep cubin "$2" ;; --list-ptx) exec grep ptx "$2" ;; esac
"""
# Like DKMS: builds for each kernel with headers; slowly on request, so that tests can interrupt it.
BUILD = """\
[ ! -e /etc/slow-packages ] || sleep 6
for headers in /lib/modules/*/build; do
  [ -e "$headers/Makefile" ] || continue
  kernel=${headers#/lib/modules/} kernel=${kernel%/build}
  made=/lib/modules/$kernel/updates/dkms/nvidia.ko
  install -D -m 644 /usr/src/nvidia.ko "$made"
  [ ! -e /sys/firmware/efi ] || /usr/lib/dkms/sign "$made"
  depmod "$kernel"
done
"""
SIGN = Path(__file__).with_name("sign_module")
DKMS = f"#!/bin/sh\nset -e\n[ -e /usr/src/nvidia.ko ] || exit 0\n{BUILD}".encode()
UNBUILD = """\
for module in /lib/modules/*/updates/dkms/nvidia.ko; do
  [ -e "$module" ] || continue
  rm "$module"
done
"""
# Returns its version, or error 18 like the real library where another driver is loaded.
NVML = r"""
#include <stdio.h>
#include <string.h>
int nvmlInit_v2(void) {
  char said[200] = "";
  FILE *running = fopen("/proc/driver/nvidia/version", "r");
  if (!running) return 9;
  fgets(said, sizeof said, running);
  fclose(running);
  return strstr(said, " " VERSION " ") ? 0 : 18;
}
int nvmlSystemGetDriverVersion(char *text, unsigned size) {
  snprintf(text, size, VERSION);
  return 0;
}
"""
UNIT = """[Unit]
Description=Stub of {name}
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Stub:
    """A package: ``relations`` are control fields, ``files`` are paths with text and mode."""

    name: str
    version: str
    relations: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    postinst: str = ""
    prerm: str = ""


def driver(version: str) -> list[Stub]:
    """Return the packages of one driver release with Debian's names."""
    full = f"{version}-1"

    def same(*names: str) -> dict[str, str]:
        return {"Depends": ", ".join(f"{name} (= {full})" for name in names)}

    def module(name: str, other: str) -> Stub:
        relations = {"Depends": "dkms", "Conflicts": other, "Provides": "nvidia-kernel"}
        licence = "Dual MIT/GPL" if "open" in name else "NVIDIA"
        files = {"/usr/src/nvidia.ko": (_module(version, licence), 0o644)}
        return Stub(name, full, relations, files, postinst=BUILD, prerm=UNBUILD)

    shown = f'#!/bin/sh\necho "Fabric Manager version is : {version}"\n'.encode()
    return [
        Stub("nvidia-open", full, same("nvidia-driver", "nvidia-kernel-open-dkms")),
        Stub("cuda-drivers", full, same("nvidia-driver", "nvidia-kernel-dkms")),
        Stub("nvidia-driver", full, same("nvidia-driver-cuda")),
        Stub("nvidia-driver-cuda", full, same("libcuda1", "libnvidia-ml1", "nvidia-persistenced")),
        Stub("libcuda1", full),
        Stub(
            "libnvidia-ml1",
            full,
            files={f"{LIBRARIES}/libnvidia-ml.so.{version}": (nvml(version), 0o644)},
            links={f"{LIBRARIES}/libnvidia-ml.so.1": f"libnvidia-ml.so.{version}"},
        ),
        Stub("nvidia-persistenced", full, files=_unit("nvidia-persistenced")),
        Stub(
            "nvidia-fabricmanager",
            full,
            files={**_unit("nvidia-fabricmanager"), "/usr/bin/nv-fabricmanager": (shown, 0o755)},
        ),
        module("nvidia-kernel-open-dkms", "nvidia-kernel-dkms"),
        module("nvidia-kernel-dkms", "nvidia-kernel-open-dkms"),
    ]


def toolkit(version: str) -> list[Stub]:
    """Return the packages of one CUDA toolkit."""
    dashed, home = version.replace(".", "-"), f"/usr/local/cuda-{version}"
    priority = version.replace(".", "")
    alternatives = f"update-alternatives --{{}} cuda {home}"
    link = "update-alternatives --install /usr/local/cuda cuda"
    cudart = f"libcudart.so.{version}"
    json = f'{{"cuda": {{"name": "CUDA SDK", "version": "{version}.0"}}}}\n'
    return [
        Stub(
            f"cuda-toolkit-{dashed}",
            f"{version}.0-1",
            {"Depends": f"cuda-toolkit-{dashed}-config-common"},
            {
                f"{home}/version.json": (json.encode(), 0o644),
                f"{home}/bin/nvcc": (NVCC.encode(), 0o755),
                f"{home}/bin/cuobjdump": (CUOBJDUMP.encode(), 0o755),
                f"{home}/lib64/{cudart}": (library(cudart, "int stub;"), 0o644),
            },
        ),
        Stub(
            f"cuda-toolkit-{dashed}-config-common",
            f"{version}.0-1",
            postinst=f"{link} {home} {priority}\nldconfig\n",
            prerm=alternatives.format("remove") + "\n",
        ),
    ]


def archive(kernels: Sequence[str]) -> list[Stub]:
    """Return the packages of the distribution itself."""
    return [
        Stub(
            "dkms",
            "3.0.10-8",
            files={
                "/usr/sbin/dkms": (DKMS, 0o755),
                "/usr/lib/dkms/sign": (SIGN.read_bytes(), 0o755),
            },
        ),
        Stub("infiniband-diags", "44.0-2"),
        Stub("gpg", "2.2.40-1.1", files=gpg()),
        *(_headers(kernel) for kernel in kernels),
    ]


def gpg() -> dict[str, tuple[bytes, int]]:
    """Return the gpg of this machine with its libraries, but for those of glibc."""
    folder = "/usr/lib/gpg-of-the-builder"
    program = shutil.which("gpg") or "/usr/bin/gpg"
    libraries = re.findall(r"=> (/\S+)", _run("ldd", program))
    own = [path for path in libraries if not re.search(r"/lib(c|m|pthread|dl)\.so", path)]
    start = f'#!/bin/sh\nLD_LIBRARY_PATH={folder} exec {folder}/gpg "$@"\n'
    return {
        "/usr/bin/gpg": (start.encode(), 0o755),
        f"{folder}/gpg": (Path(program).read_bytes(), 0o755),
        **{f"{folder}/{Path(path).name}": (Path(path).read_bytes(), 0o644) for path in own},
    }


def _headers(kernel: str) -> Stub:
    makefile = f"/usr/src/linux-headers-{kernel}/Makefile"
    return Stub(
        f"linux-headers-{kernel}",
        "1",
        files={makefile: (b"# stub\n", 0o644)},
        links={f"/lib/modules/{kernel}/build": str(Path(makefile).parent)},
    )


def ubuntu(kernel: str) -> list[Stub]:
    """Return the driver packages of Ubuntu's archive, with modules signed for each kernel."""
    branch = UBUNTU_DRIVER.partition(".")[0]
    full = f"{UBUNTU_DRIVER}-0ubuntu0.24.04.1"
    modules = f"linux-modules-nvidia-{branch}-server-open"
    made = f"/lib/modules/{kernel}/kernel/nvidia-{branch}srv-open/nvidia.ko"
    number = f"{kernel.removesuffix('-generic').replace('-', '.')}.1"
    library = f"{LIBRARIES}/libnvidia-ml.so"
    return [
        Stub(f"{modules}-generic", number, {"Depends": f"{modules}-{kernel}"}),
        Stub(
            f"{modules}-{kernel}",
            number,
            files={made: (_module(UBUNTU_DRIVER, "Dual MIT/GPL"), 0o644)},
            postinst=f"depmod {kernel}\n",
        ),
        Stub(
            f"nvidia-driver-{branch}-server-open",
            full,
            {"Depends": f"nvidia-compute-utils-{branch}-server (= {full})"},
        ),
        Stub(
            f"nvidia-compute-utils-{branch}-server",
            full,
            files={
                f"{library}.{UBUNTU_DRIVER}": (nvml(UBUNTU_DRIVER), 0o644),
                **_unit("nvidia-persistenced"),
            },
            links={f"{library}.1": Path(f"{library}.{UBUNTU_DRIVER}").name},
        ),
    ]


def _unit(name: str) -> dict[str, tuple[bytes, int]]:
    text = UNIT.format(name=name)
    return {f"/usr/lib/systemd/system/{name}.service": (text.encode(), 0o644)}


def _module(version: str, licence: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        notes, made = Path(name) / "notes", Path(name) / "nvidia.ko"
        notes.write_bytes(f"version={version}\0license={licence}\0name=nvidia\0".encode())
        section = "--rename-section=.data=.modinfo,alloc,readonly,contents"
        _run("objcopy", "-I", "binary", "-O", "elf64-x86-64", section, notes, made)
        return made.read_bytes()


@cache
def nvml(version: str) -> bytes:
    """Return a library that answers like NVML of this release."""
    return library("libnvidia-ml.so.1", NVML, f'-DVERSION="{version}"')


@cache
def library(name: str, text: str, *options: str) -> bytes:
    """Return a library with this soname."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "stub.c", Path(folder) / "stub.so"
        source.write_text(text, encoding="utf-8")
        _run("cc", "-shared", "-fPIC", "-w", f"-Wl,-soname,{name}", *options, "-o", made, source)
        return made.read_bytes()


def write(root: Path, files: dict[str, tuple[bytes, int]], links: dict[str, str]) -> None:
    """Write a package's files and links below ``root``."""
    for path, (data, mode) in files.items():
        file = root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(mode)
    for path, aim in links.items():
        link = root / path[1:]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(aim)


def _build(stub: Stub, pool: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        control = root / "DEBIAN"
        control.mkdir(parents=True)
        root.chmod(0o755)
        write(root, stub.files, stub.links)
        for script, text in (("postinst", stub.postinst), ("prerm", stub.prerm)):
            if text:
                (control / script).write_text(f"#!/bin/sh\nset -e\n{text}", encoding="utf-8")
                (control / script).chmod(0o755)
        fields = {
            "Package": stub.name,
            "Version": stub.version,
            "Architecture": "amd64",
            "Maintainer": "cudatools <cudatools@nvidia.com>",
            **stub.relations,
            "Description": "stub for tests",
        }
        lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
        (control / "control").write_text(lines, encoding="utf-8")
        _run("dpkg-deb", "--root-owner-group", "-Znone", "--build", root, pool)


def _publish(folder: Path, stubs: list[Stub], home: Path) -> None:
    """Publish a flat repository in one folder, as NVIDIA does."""
    folder.mkdir(parents=True)
    for stub in stubs:
        _build(stub, folder)
    _index(folder, ".", folder)
    _sign(folder, home, Origin="NVIDIA")


def _publish_suite(
    folder: Path, suite: str, components: dict[str, list[Stub]], home: Path, origin: str
) -> None:
    """Publish components of a suite, as distributions do."""
    for name, stubs in components.items():
        pool, lists = folder / "pool" / name, folder / "dists" / suite / name / "binary-amd64"
        pool.mkdir(parents=True)
        lists.mkdir(parents=True)
        for stub in stubs:
            _build(stub, pool)
        _index(folder, f"pool/{name}", lists)
    _sign(
        folder / "dists" / suite,
        home,
        Origin=origin,
        Suite=suite,
        Codename=suite,
        Architectures="amd64",
        Components=" ".join(components),
    )


def _index(root: Path, pool: str, lists: Path) -> None:
    packages = _run("apt-ftparchive", "packages", pool, cwd=root)
    (lists / "Packages").write_text(packages, encoding="utf-8")
    (lists / "Packages.gz").write_bytes(gzip.compress(packages.encode()))


def _sign(folder: Path, home: Path, **fields: str) -> None:
    named = (("-o", f"APT::FTPArchive::Release::{key}={text}") for key, text in fields.items())
    options = [word for pair in named for word in pair]
    release = _run("apt-ftparchive", *options, "release", ".", cwd=folder)
    (folder / "Release").write_text(release, encoding="utf-8")
    _gpg(home, "--clearsign", "--output", folder / "InRelease", folder / "Release")


def _gpg(home: Path, *arguments: object) -> str:
    return _run("gpg", "--homedir", home, "--batch", "--yes", "--quiet", *arguments)


def _run(*argv: object, cwd: Path | None = None) -> str:
    command = [str(argument) for argument in argv]
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


@contextmanager
def signing_key(folder: Path, kind: str) -> Iterator[Path]:
    """Yield a gpg home with a new key; ``folder`` receives its public key and fingerprint."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        who = "Stub repository <stub@example.invalid>"
        _gpg(home, "--passphrase", "", "--quick-gen-key", who, kind, "sign", "30d")
        (folder / "key.asc").write_text(_gpg(home, "--armor", "--export"), encoding="utf-8")
        listing = _gpg(home, "--with-colons", "--fingerprint")
        line = next(line for line in listing.splitlines() if line.startswith("fpr:"))
        (folder / "fingerprint").write_text(line.split(":")[9], encoding="utf-8")
        yield home
        _run("gpgconf", "--homedir", home, "--kill", "gpg-agent")


def main(folder: Path, kernels: Sequence[str]) -> None:
    """Create both repositories, their key and its fingerprint."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with signing_key(folder, "ed25519") as home:
        vendor = [
            Stub("nvlsm", "2025.06.11-1"),
            *(s for version in DRIVERS for s in driver(version)),
        ]
        vendor += [stub for version in TOOLKITS for stub in toolkit(version)]
        first, *others = (folder / "vendor" / name / "x86_64" for name in DISTRIBUTIONS)
        _publish(first, vendor, home)
        for other in others:
            shutil.copytree(first, other)
        _publish(folder / "archive", archive(kernels), home)
        restricted = [
            s for kernel in kernels if kernel.endswith("-generic") for s in ubuntu(kernel)
        ]
        components = {"main": archive(kernels), "restricted": restricted}
        _publish_suite(folder / "ubuntu", "noble", components, home, "Ubuntu")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
