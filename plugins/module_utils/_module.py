"""Run the action of a module: pass its parameters, return its result or its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ._stack.core.errors import StackError

Params = Mapping[str, Any]
Result = dict[str, Any]


def run_module(argument_spec: Mapping[str, Any], act: Callable[[Params, bool], Result]) -> None:
    """Run ``act(params, check_mode)`` and exit; a StackError fails the module with all its parts."""
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True)
    try:
        result = act(module.params, module.check_mode)
    except StackError as error:
        module.fail_json(msg=str(error), **error.to_dict())
    else:
        for warning in result.pop("warnings", ()):
            module.warn(warning)
        module.exit_json(**result)
