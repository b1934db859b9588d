"""Messages, hints, help and error codes name only options and verbs that exist."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("options_page", ROOT / "scripts/options_page.py")
assert SPEC
assert SPEC.loader
PAGE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(PAGE)

VERBS = dict(PAGE.commands())
OWN = {"--help", "--version", "--install-completion"}.union(
    *(each.opts + each.secondary_opts for command in VERBS.values() for each in command.params)
)
# Options of other programs that texts name, each after the name of its program.
OTHERS = re.compile(
    r"\b(dpkg|apt(-get)?|dnf|rpm|mokutil|dkms|git|uv|pip|conda|mamba|cmake|nvcc|ffmpeg|configure|df|ps|gpg|"
    r"ansible|ansible-playbook|nvidia-smi|update-initramfs|dracut|docker|squeue|srun)\b[^`;.]*"
)
# "slowfast-stack has a bug" calls no verb.
USED = re.compile(
    r"slowfast-stack (?!(?:has|wrote|itself|that)\b)([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?"
)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
FILES = [
    *(ROOT / "plugins").rglob("*.py"),
    *(ROOT / "src/slowfast_stack").rglob("*.py"),
]
TASKS = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")]


def python_texts(path: Path) -> Iterator[str]:
    """Yield every sentence in a Python file; the parts of an f-string are one text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    with_docstring = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    inner = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, with_docstring) and node.body and isinstance(node.body[0], ast.Expr)
    }
    inner |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
            yield "".join(map(str, parts))
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner
        ):
            yield node.value


def yaml_texts(value: object) -> Iterator[str]:
    """Yield every text that a task may show."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("msg", "fail_msg", "name"):
                yield str(each)
            else:
                yield from yaml_texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from yaml_texts(each)


def sentences(path: Path) -> list[str]:
    """Return the texts of a file that are prose: an option of another program is no sentence."""
    if path.suffix == ".py":
        texts = list(python_texts(path))
    else:
        texts = list(yaml_texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
    return [text for text in texts if len(text.split()) > 2]


def unknown(text: str) -> list[str]:
    """Return the verbs and options of this command in a text that do not exist."""
    found = []
    for group, verb in USED.findall(text):
        if (
            group not in VERBS
            and f"{group} {verb}" not in VERBS
            and not any(name.startswith(f"{group} ") for name in VERBS)
        ):
            found.append(f"slowfast-stack {group}")
    own = OTHERS.sub("", re.sub(r"#SBATCH.*|^--nvccflags.*|--rdzv-[a-z]+", "", text))
    return found + [name for name in OPTION.findall(own) if name not in OWN]


def test_every_option_and_verb_in_a_message_exists() -> None:
    read = [(path, text) for path in (*FILES, *TASKS) for text in sentences(path)]
    named = [text for _, text in read if OPTION.search(text) or USED.search(text)]
    assert len(named) > 100
    wrong = {f"{path.relative_to(ROOT)}: {text}": unknown(text) for path, text in read}
    assert {text: names for text, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Run as root, or with --become.", ["--become"]),
        ("Run slowfast-stack fly --yes to see.", ["slowfast-stack fly"]),
        ("Run slowfast-stack models get --digest X.", []),
        ("See what `dnf remove --oldinstallonly` removes.", []),
    ],
)
def test_what_does_not_exist_is_found(text: str, names: list[str]) -> None:
    assert unknown(text) == names
