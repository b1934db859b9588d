"""Every command line in the documentation uses verbs and options that exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("options_page", ROOT / "scripts/options_page.py")
assert SPEC
assert SPEC.loader
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)

OPTIONS = {verb: {"--help"} for verb, _command in PAGE.commands()}
for verb, command in PAGE.commands():
    for parameter in command.params:
        OPTIONS[verb].update(parameter.opts, parameter.secondary_opts)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# In backticks or in an indented block, to its end or to a comment behind several blanks.
USED = re.compile(r"(?:`|^ {4,})slowfast-stack ((?:\\\||\\\n|[^`\n|])+)", re.MULTILINE)


def problems(text: str) -> list[str]:
    """Return what is wrong with the command lines of a text; "a\\|b" stands for two verbs."""
    found = []
    for line in USED.findall(text):
        used = re.split(r" {3,}", line.replace("\\\n", " ").replace("\\|", "|"))[0].split()
        children = used[1].split("|") if used[1:] else []
        names = [f"{used[0]} {child}" for child in children]
        verbs = [name for name in names if name in OPTIONS] or [used[0]]
        if "|" in "".join(used[1:2]) and verbs != names:
            found.append(f"no verb: {line}")
        for verb in verbs:
            if verb not in OPTIONS:
                found += [] if re.fullmatch(r"[A-Z]+|--.*", verb) else [f"no verb: {line}"]
                continue
            words = {word.split("=")[0].rstrip(",;.:)]") for word in used if word[:1] == "-"}
            found += [f"no option {name}: {line}" for name in sorted(words - OPTIONS[verb])]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_command_lines_of_a_page_exist(page: Path) -> None:
    assert problems(page.read_text(encoding="utf-8")) == []


def test_a_wrong_verb_and_a_wrong_option_are_found() -> None:
    assert (
        len(problems("`slowfast-stack fly`, `slowfast-stack up --wings`, `slowfast-stack up`")) == 2
    )
