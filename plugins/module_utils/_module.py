"""Run the action of a module: pass its parameters, return its result or its error."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from . import _private
from ._stack.core import notices, redaction
from ._stack.core.errors import StackError, not_writable

Params = Mapping[str, Any]
Result = dict[str, Any]


def _fail(module: AnsibleModule, error: StackError) -> None:
    module.fail_json(msg=str(error), **error.to_dict())


def run_module(
    argument_spec: Mapping[str, Any],
    act: Callable[[Params, bool], Result],
    *,
    data: tuple[str, ...] = (),
) -> None:
    """Run ``act(params, check_mode)`` and exit; a StackError fails the module with all its parts.

    As root, every parameter that is a path must be private to root, but those that ``data`` names.
    Secrets in addresses are hidden in the result, and parameters are not written to the system log.
    """
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=True, no_log=True)
    module.no_log_values.update(_secrets(module.params))
    with notices.collected() as said:
        try:
            # Without compiled copies each import of a stack takes almost three times as long.
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            _private.prepare(os.environ)
            _private.leave_folder()
            _private.require_places(argument_spec, module.params, data)
            result = act(module.params, module.check_mode)
        except StackError as error:
            _fail(module, error)
        except OSError as error:
            _fail(module, not_writable(error.filename or "A file", error))
        else:
            for warning in (*said, *result.pop("warnings", ())):
                module.warn(redaction.redacted(warning))
            module.exit_json(**redaction.plain(result))


def _secrets(params: Params) -> Iterator[str]:
    """Yield the secrets in addresses among parameters, however deep."""
    waiting: list[Any] = list(params.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found = redaction.of_text(value) if "://" in value else ()
            yield from (text for text in found if len(text) >= redaction.SHORTEST)
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value
