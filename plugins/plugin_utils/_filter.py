"""Offer a function to Ansible as a filter."""

from __future__ import annotations

import functools
from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ..module_utils._stack.core.errors import StackError


def filter_module(function: Callable[..., Any]) -> type:
    """Return the class in which Ansible looks for the filter; a StackError fails it with the code."""

    @functools.wraps(function)
    def run(*args: object, **options: object) -> object:
        try:
            return function(*args, **options)
        except StackError as error:
            raise AnsibleFilterError(error.labelled()) from error

    class FilterModule:
        def filters(self) -> dict[str, Callable[..., object]]:
            return {function.__name__: run}

    return FilterModule
