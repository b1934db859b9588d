"""Every module says of itself what it does: documentation, examples and parameters agree."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[a-z]*.py"))


def load(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.slowfast.stack.plugins.modules.{name}")


def test_there_are_modules() -> None:
    assert MODULES


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_describes_every_parameter_as_it_is(name: str) -> None:
    module = load(name)
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
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
