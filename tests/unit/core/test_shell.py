"""Text in shell scripts stays text, whatever it contains."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core import shell
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment import (
    activation,
    prefix,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from support.errors import fails

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = (
    "/opt/a'; touch ran; '",
    '/opt/a"$(touch ran)"',
    "/opt/a\ntouch ran\n#",
    "/opt/a`touch ran`",
    "/opt/a $HOME \\",
    "/opt/a\r\x1b[2J",
    "-n",
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))))
def test_a_shell_reads_back_what_was_quoted(words: list[str]) -> None:
    script = f"# {shell.comment(' '.join(words))}\nprintf '%s\\0' {shell.join(words)}x"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == (
        [*words[:-1], f"{words[-1]}x"] if words else ["x"]
    )


@pytest.mark.parametrize("folder", HOSTILE)
def test_a_hostile_folder_runs_nothing_when_a_stack_is_activated(
    folder: str, tmp_path: Path
) -> None:
    plan = {
        "build": {"cuda_home": f"{folder}/cuda"},
        "environment": {"manager": "uv"},
        "ffmpeg": {},
    }
    script = tmp_path / "activate"
    script.write_text(activation.script(Path(folder), plan), encoding="utf-8", newline="")
    command = '. ./activate && printf "%s" "$SLOWFAST_STACK" && deactivate'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert done.stdout.decode() == folder
    assert [path.name for path in tmp_path.iterdir()] == ["activate"]


@pytest.mark.parametrize("path", ["/opt/a:b", "/opt/a\nb", "/opt/a\x1bb", "/opt/\x85"])
def test_a_folder_that_path_cannot_name_is_refused(path: str) -> None:
    for check in (lambda: prefix.resolve(path), lambda: prefix.refuse_foreign(Path(path))):
        with pytest.raises(StackError) as raised:
            check()
        assert raised.value.code == "path.unsupported"
        assert "\n" not in raised.value.message


def test_options_that_are_written_as_for_a_shell_are_words() -> None:
    assert shell.split("-o 'A=b c' -v", "x") == ["-o", "A=b c", "-v"]
    with fails("data.invalid-value", "ssh_args"):
        shell.split("-o 'A=b", "ssh_args")


def test_nothing_else_quotes() -> None:
    files = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "src").rglob("*.py")]
    quoting = {path.name for path in files if re.search(r"\bshlex\b", path.read_text("utf-8"))}
    assert quoting == {"shell.py"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "a"),
        ("\x00", "'\\x00'"),
        ("\n", "'\\x0a'"),
        ("\x1f", "'\\x1f'"),
        (" ", "' '"),
        ("~", "'~'"),
        ("\x7f", "'\\x7f'"),
        ("\x9f", "'\\x9f'"),
        ("\xa0", "'\xa0'"),
    ],
)
def test_a_comment_has_no_control_sign(text: str, shown: str) -> None:
    assert shell.comment(text) == shown
