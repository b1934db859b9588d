"""Check a configuration before training, and fix what has one right value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slowfast_stack.config import content, rules_files, rules_keys, yaml_edit

if TYPE_CHECKING:
    from pathlib import Path

    from slowfast_stack.config.content import Content
    from slowfast_stack.config.findings import Finding

_PASSES = 5  # a fixed key can bring another to light


def check(read: Content, here: Path) -> list[Finding]:
    """Apply every rule; paths in the file begin in ``here``, where training will be started."""
    found = [finding for rule in rules_keys.RULES for finding in rule(read)]
    found += [finding for rule in rules_files.RULES for finding in rule(read, here)]
    return list({(row.id, row.key, row.message): row for row in found}.values())


def fixed(text: str, here: Path) -> tuple[str, list[Finding]]:
    """Return the text with everything fixed that can be, and the findings that were."""
    done: list[Finding] = []
    for _ in range(_PASSES):
        fixable = [row for row in check(content.parse(text), here) if row.can_be_fixed]
        if not fixable:
            break
        text = with_(text, fixable)
        done += fixable
    return text, done


def accepted(text: str) -> str:
    """Return the text without what upstream would refuse of it, as far as the fix is known."""
    return with_(text, list(rules_keys.refused(content.parse(text))))


def with_(text: str, findings: list[Finding]) -> str:
    """Return the text with the patches of these findings."""
    for row in findings:
        text = yaml_edit.set_values(text, row.set)
        for key in row.remove:
            text = yaml_edit.remove(text, key)
    return text
