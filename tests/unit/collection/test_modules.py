"""Every module says of itself what it does: documentation, examples and parameters agree."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible_collections.slowfast.stack.plugins.module_utils import _patch_module, _private
from support.errors import fails
from support.users import user_folder

PLUGINS = "ansible_collections.slowfast.stack.plugins"
ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[a-z]*.py"))


def load(name: str) -> ModuleType:
    return importlib.import_module(f"{PLUGINS}.modules.{name}")


def test_there_are_modules() -> None:
    assert MODULES


def documented_options(module: ModuleType) -> dict[str, Any]:
    """Return a module's own options with those of the fragments that it extends."""
    own = yaml.safe_load(module.DOCUMENTATION)
    options = dict(own.get("options", {}))
    names = own.get("extends_documentation_fragment", [])
    for name in [names] if isinstance(names, str) else names:
        file, _, part = name.removeprefix("slowfast.stack.").partition(".")
        fragment = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        shared = yaml.safe_load(getattr(fragment, part.upper() or "DOCUMENTATION"))["options"]
        assert not shared.keys() & options.keys(), name
        options |= shared
    return options


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_describes_every_parameter_as_it_is(name: str) -> None:
    module = load(name)
    documented = documented_options(module)
    assert documented.keys() == module.SPEC.keys()
    for option, spec in module.SPEC.items():
        said = documented[option]
        assert said["description"], option
        for key, fallback in (("required", False), ("default", None), ("choices", None)):
            assert said.get(key, fallback) == spec.get(key, fallback), (option, key)
        assert said.get("type", "str") == spec.get("type", "str"), option
        assert said.get("elements") == spec.get("elements"), option


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_the_full_name_and_parameters_that_exist(name: str) -> None:
    module = load(name)
    fqcn = f"slowfast.stack.{name}"
    used = [task[fqcn] for task in yaml.safe_load(module.EXAMPLES) if fqcn in task]
    assert used
    for parameters in used:
        assert (parameters or {}).keys() <= module.SPEC.keys()
    assert yaml.safe_load(module.RETURN)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_parameters_and_an_adapter(name: str) -> None:
    source = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    adapter = source.split("SPEC = ")[1]
    assert len(adapter.splitlines()) <= 60


@pytest.mark.parametrize("name", MODULES)
def test_author_and_licence_are_where_ansible_test_looks(name: str) -> None:
    module = load(name)
    assert yaml.safe_load(module.DOCUMENTATION)["author"].endswith("(!UNKNOWN)")
    head = Path(module.__file__ or "").read_text(encoding="utf-8").splitlines()[:20]
    assert any("GNU General Public License v3.0+" in line for line in head)


# Every other path that is a parameter must be private where root runs the module.
DATA = {
    "artifact": "uv",
    "ava_check": "root lists",
    "ava_download": "root",
    "ava_extract": "root videos boxes",
    "ava_lists": "root",
    "bundle": "file",
    "checkpoint": "dir",
    "checkpoint_patch": "path",
    "converged": "uv",
    "cuda_arch_info": "cuda_home",
    "cuda_check": "home cxx",
    "gpu_info": "uv",
    "prove": "uv",
    "python_env": "uv",
    "python_packages": "uv",
    "source_patch": "path",
    "source_tree": "uv",
    "train_loop_patch": "path",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is protected")
@pytest.mark.parametrize("name", MODULES)
def test_only_the_paths_in_the_table_may_belong_to_another_user(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[str, Any] = {}

    def run(spec: Any, _act: Any, data: tuple[str, ...] = ()) -> None:  # noqa: ANN401
        found.update(spec=spec, data=data)

    module = load(name)
    monkeypatch.setattr(module, "run_module", run, raising=False)
    monkeypatch.setattr(_patch_module, "run_module", run)
    module.main()
    assert found["data"] == tuple(DATA.get(name, "").split())
    with user_folder() as folder:
        params = dict.fromkeys(found["spec"], str(folder))
        _private.require_places(found["spec"], dict.fromkeys(found["spec"]), found["data"])
        options = documented_options(module)
        paths = {key for key in found["spec"] if options[key].get("type") == "path"}
        if paths - set(found["data"]):
            with fails("file.untrusted"):
                _private.require_places(found["spec"], params, found["data"])
        else:
            _private.require_places(found["spec"], params, found["data"])
