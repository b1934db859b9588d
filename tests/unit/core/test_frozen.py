"""The values of the library cannot be changed after they were made."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil

from ansible_collections.slowfast.stack.plugins.module_utils import _stack

# What is collected or filled in step by step.
COLLECTING = {
    "checkpoints.pickle_machine.Budget",
    "checkpoints.pickle_machine.Call",
    "checkpoints.pickle_machine.Machine",
    "datasets.ava.check._Look",
    "patches.record.FileRecord",
    "patches.record.Record",
}


def test_every_data_class_is_frozen_but_those_that_collect() -> None:
    mutable, count = set(), 0
    for found in pkgutil.walk_packages(_stack.__path__, f"{_stack.__name__}."):
        module = importlib.import_module(found.name)
        for name, kind in inspect.getmembers(module, dataclasses.is_dataclass):
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                count += 1
                if not kind.__dataclass_params__.frozen:
                    mutable.add(f"{module.__name__.partition('._stack.')[2]}.{name}")
    assert count > 80
    assert mutable == COLLECTING
