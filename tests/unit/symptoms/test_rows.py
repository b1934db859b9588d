"""A row of the table is complete, and no log can write a command for the user."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.symptoms.row import (
    Message,
    Symptom,
    validated,
)

GOOD = Symptom(
    "a.b",
    "apt",
    ("E: there is no {package:word} here",),
    "No {package}.",
    "apt show {package}",
    "x",
)


def test_a_complete_row_is_accepted() -> None:
    assert validated((GOOD,)) == (GOOD,)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"id": "A b"}, "no id"),
        ({"source": ""}, "source"),
        ({"command": ""}, "command"),
        ({"messages": ()}, "messages"),
        ({"cause": "No {package}"}, "no sentence"),
        ({"cause": "No {other}."}, "lacks"),
        ({"advice": "See {other}."}, "lacks"),
        ({"messages": ("E: there is no {package} here",)}, "A log could write"),
        ({"messages": ("E: there is no {package:path} here",)}, "unknown kind"),
        ({"messages": ("{package:word}{} is missing here",)}, "not separated"),
        ({"messages": ("no {package:word}",)}, "6 characters"),
        ({"messages": ("E: there is no {package here",)}, "brace"),
        ({"messages": GOOD.messages * 2}, "this message"),
    ],
)
def test_a_wrong_row_is_refused(change: dict[str, object], wrong: str) -> None:
    with pytest.raises(StackError, match=wrong):
        validated((GOOD._replace(**change),))  # type: ignore[arg-type]


def test_two_rows_with_one_id_are_refused() -> None:
    with pytest.raises(StackError, match="this id"):
        validated((GOOD, GOOD))


@pytest.mark.parametrize(
    "value", ["$(reboot)", "-y", "a;b", "a b", "`id`", "a|b", "a\nb", "*", "~/x", ""]
)
def test_no_value_of_a_command_has_a_meaning_for_a_shell(value: str) -> None:
    assert Message(GOOD.messages[0]).match(f"E: there is no {value} here") is None


@pytest.mark.parametrize(
    ("text", "line", "values"),
    [
        ("Cannot read {file}: {reason}", "Cannot read a: b: c", {"file": "a", "reason": "b: c"}),
        ("Cannot read {file}", "Cannot read ", None),
        ("Cannot read {}", "Cannot read ", {}),
        ("Cannot read {file}.", "Cannot read a", None),
        ("Cannot read", "Cannot read more", None),
        ("Cannot {}read", "Cannot read", {}),
        ("Cannot read {count:number} files", "Cannot read 12 files", {"count": "12"}),
        ("Cannot read {count:number} files", "Cannot read no files", None),
        ("{}: is broken", "a: is broken", {}),
        ("aaaaaa {} aaaaaa", "aaaaaa aaaaaa", None),
    ],
)
def test_a_message_is_a_complete_line(text: str, line: str, values: dict[str, str] | None) -> None:
    assert Message(text).match(line) == values
