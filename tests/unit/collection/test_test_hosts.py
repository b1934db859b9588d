"""Test hosts show machines as the probe reads them, and packages that fit each other."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import model, parsers

HOSTS = Path(__file__).parents[2] / "hosts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HOSTS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)

    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


machine, repositories = load("machine"), load("repositories")


def functions(folder: Path) -> list[parsers.Gpu | None]:
    files = sorted(folder.glob("pci/*/uevent"))
    return [parsers.pci_function(file.parent.name, file.read_text()) for file in files]


def test_a_recorded_machine_is_read_as_it_was_written(tmp_path: Path) -> None:
    machine.write(tmp_path, {"gpus": ["10de:2330", "10de:22a3"], "driver": "580.95.05"})
    gpu, switch = functions(tmp_path)
    assert gpu
    assert switch
    assert (gpu.pci_id, gpu.kernel_driver, parsers.is_gpu(gpu)) == ("10de:2330", "nvidia", True)
    assert parsers.is_nvswitch(switch)
    text = (tmp_path / "driver" / "nvidia" / "version").read_text()
    assert parsers.loaded_driver(text) == model.Driver("580.95.05", "open")


@pytest.mark.parametrize("on", [True, False])
def test_the_firmware_says_whether_secure_boot_is_on(tmp_path: Path, *, on: bool) -> None:
    machine.write(tmp_path, {"secure_boot": on})
    variable = next(tmp_path.glob("firmware/efi/efivars/SecureBoot-*"))
    assert parsers.secure_boot(variable.read_bytes()) == on
    assert f"--volume {tmp_path}/firmware:/sys/firmware" in (tmp_path / "volumes").read_text()


def test_at_the_console_the_keys_that_were_asked_for_become_known(tmp_path: Path) -> None:
    machine.write(tmp_path, {"secure_boot": True})
    variables = tmp_path / "firmware" / "efi" / "efivars"
    for name in ("MokNew", "MokAuth"):
        (variables / f"{name}-{machine.SHIM_VARIABLES}").write_bytes(b"key")
    machine.enrol(tmp_path)
    assert (variables / f"MokListRT-{machine.SHIM_VARIABLES}").read_bytes() == b"key"
    assert not list(variables.glob("Mok[NA]*"))


def test_a_new_record_replaces_the_old_one(tmp_path: Path) -> None:
    machine.write(tmp_path, {"gpus": ["10de:2330"], "driver": "1.2", "flavour": "proprietary"})
    machine.write(tmp_path, {})
    assert functions(tmp_path) == []
    assert not (tmp_path / "driver" / "nvidia").exists()


@pytest.mark.parametrize("version", repositories.DRIVERS)
def test_every_dependency_within_a_driver_release_is_there(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "_module", lambda *_: b"")
    monkeypatch.setattr(repositories, "nvml", lambda _: b"")
    stubs = {stub.name: stub for stub in repositories.driver(version)}
    for stub in stubs.values():
        for wanted in stub.relations.get("Depends", "").split(", "):
            name = wanted.partition(" ")[0]
            assert name in ("", "dkms") or stubs[name].version == f"{version}-1"
