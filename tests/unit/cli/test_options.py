"""One word for one meaning: an option of one name has one meaning in every verb, and is documented."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from slowfast_stack.cli.app import VERBS, app, run

REPOSITORY = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location(
    "options_page", REPOSITORY / "scripts/options_page.py"
)
assert SPEC
assert SPEC.loader
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)


def test_an_option_has_one_meaning_in_all_verbs() -> None:
    # These do the same to another object in each verb, which the help names.
    own_object = {"--digest", "--gpu", "--inventory", "--list", "--output", "--replace"}
    meanings: dict[str, dict[tuple[object, ...], list[str]]] = {}
    for option in PAGE.options():
        text = None if option.name in own_object else option.help
        meaning = (text and option.metavar, text, option.is_flag)
        meanings.setdefault(option.name, {}).setdefault(meaning, []).append(option.verb)
    assert len(meanings) > 60
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_the_page_has_every_option_with_its_verbs() -> None:
    page = PAGE.PAGE.read_text(encoding="utf-8")
    assert PAGE.written(page) == page, "run scripts/options_page.py"


def test_every_verb_has_one_help_line_and_a_module() -> None:
    files = (REPOSITORY / "src/slowfast_stack/cli").glob("*.py")
    shared = {"__init__", "app", "base", "options", "request_options"}
    modules = {path.stem.replace("_", "-") for path in files if path.stem not in shared}
    assert modules == set(VERBS)


def test_a_verb_has_the_same_summary_in_both_helps() -> None:
    root: Any = typer.main.get_command(app)
    context = root.make_context("slowfast-stack", [], resilient_parsing=True)
    summaries = {name: root.get_command(context, name).help.partition("\n")[0] for name in VERBS}
    assert summaries == VERBS


@pytest.mark.parametrize(("verb", "command"), list(PAGE.commands()))
def test_help_gives_purpose_changes_exit_codes_and_examples(
    verb: str, command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*verb.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert command.help
    places = [text.index(word) for word in ("Options:", "Changes:", "Exit codes:", "Examples:")]
    assert places == sorted(places)
    assert f"slowfast-stack {verb}" in text[places[-1] :]


def test_help_loads_neither_planner_nor_patches_nor_rich() -> None:
    code = (
        "import sys; from slowfast_stack.cli.app import run; run(['--help']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    argv = [sys.executable, "-c", code]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True).stderr.split()
    unwanted = re.compile(r"rich\b|ansible\b|ansible_runner|yaml\b|jinja2|.*\._stack\.(?!core)\w+")
    assert [name for name in loaded if unwanted.match(name)] == []
    assert [name for name in loaded if name.startswith("slowfast_stack.")] == [
        "slowfast_stack.version",
        "slowfast_stack.cli",
        "slowfast_stack.exit_codes",
        "slowfast_stack.ui",
        "slowfast_stack.known_secrets",
        "slowfast_stack.ui.streams",
        "slowfast_stack.cli.app",
    ]


def test_importing_the_package_is_light_and_gives_the_four_verbs() -> None:
    code = (
        "import sys, slowfast_stack; print(len([m for m in sys.modules if 'slowfast' in m]));"
        "from slowfast_stack import probe, plan, up, prove; print(plan.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "slowfast_stack.orchestration.api"]
