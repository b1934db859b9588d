"""One rule over all verbs: a wrong option or argument exits 2, with a stable code, and starts nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slowfast_stack.cli.app import run
from slowfast_stack.exit_codes import Exit

NOWHERE = "/nowhere/at/all"
GPU = "plan --gpu 10de:2330"

# The command line, the code of the error, and what its message names.
WRONG = [
    # names something that does not exist
    (f"patch {NOWHERE}", "cli.missing-folder", "PATH"),
    (f"bundle verify {NOWHERE}", "file.not-found", "FILE"),
    (f"bundle create --built {NOWHERE}", "cli.missing-folder", "--built"),
    (f"config check {NOWHERE}", "file.not-found", "FILE"),
    (f"config check a.yaml --from {NOWHERE}", "cli.missing-folder", "--from"),
    (
        f"config transfer a.yaml --checkpoint {NOWHERE} --data-dir . -o b.yaml",
        "file.not-found",
        "--checkpoint",
    ),
    (f"models check {NOWHERE}", "file.not-found", "FILE"),
    ("models get no-such-model", "checkpoint.unknown", "no-such-model"),
    (f"models get no-such-model --cfg {NOWHERE}", "file.not-found", "--cfg"),
    (f"ava custom --root a --clips {NOWHERE} --boxes a.csv", "cli.missing-folder", "--clips"),
    (f"ava custom --root a --clips . --boxes {NOWHERE}", "file.not-found", "--boxes"),
    (f"ava check --root a --lists {NOWHERE}", "cli.missing-folder", "--lists"),
    (f"ava download --root a --sums {NOWHERE}", "file.not-found", "--sums"),
    (f"train --cfg {NOWHERE}", "file.not-found", "--cfg"),
    (f"demo --video {NOWHERE} -o b.mp4", "file.not-found", "--video"),
    (f"up --locked {NOWHERE}", "file.not-found", "--locked"),
    (f"up --offline {NOWHERE}", "file.not-found", "--offline"),
    (f"{GPU} --source slowfast={NOWHERE}", "source.not-found", NOWHERE),
    ("probe --limit elsewhere", "inventory.no-host", "elsewhere"),
    ("plan --limit elsewhere", "inventory.no-host", "elsewhere"),
    (f"probe -i {NOWHERE}", "inventory.not-found", NOWHERE),
    ("config explain no_such_name_at_all", "config.unknown-name", "no_such_name_at_all"),
    (f"plan --host {NOWHERE}", "file.not-found", NOWHERE),
    ("plan --host .", "file.not-found", "--host ."),
    ("patch . ", "patches.not-a-source-tree", "source tree"),
    ("purge kernel", "cli.unknown-value", "kernel"),
    (f"models check --checkpoint-dir {NOWHERE}", "checkpoint.none-found", NOWHERE),
    # is malformed
    ("plan --host a.csv", "file.unreadable", "--host a.csv"),
    ("up --offline a.csv", "bundle.damaged", "a.csv"),
    ("plan --gpu 1002:1234", "cli.invalid-value", "--gpu 1002:1234"),
    ("plan --gpu 10de:2330x0", "cli.invalid-value", "--gpu 10de:2330x0"),
    ("plan --gpu h100", "cli.invalid-value", "--gpu h100"),
    (f"{GPU} --installed-driver foo", "cli.invalid-value", "--installed-driver foo"),
    (f"{GPU} --installed-cuda foo", "cli.invalid-value", "--installed-cuda foo"),
    (f"{GPU} --os plan9-4", "cli.unknown-value", "--os plan9-4"),
    (f"{GPU} --torch new", "version.invalid-spec", "--torch new"),
    (f"{GPU} --cuda new", "version.invalid-spec", "--cuda new"),
    (f"{GPU} --python new", "version.invalid-spec", "--python new"),
    (f"{GPU} --driver-branch 5", "data.invalid-value", "--driver-branch 5"),
    (f"{GPU} --preset new", "data.invalid-value", "--preset new"),
    (f"{GPU} --network new", "data.invalid-value", "--network new"),
    (f"{GPU} --ffmpeg new", "data.invalid-value", "--ffmpeg new"),
    (f"{GPU} --environment new", "data.invalid-value", "--environment new"),
    (f"{GPU} --conda-package A!", "data.invalid-value", "--conda-package A!"),
    (f"{GPU} --source slowfast", "cli.invalid-value", "--source slowfast"),
    ("bundle create --part-size 7", "cli.invalid-value", "--part-size 7"),
    ("bundle create --package-sources a", "cli.invalid-value", "--package-sources a"),
    ("ava lists --root a --release 9", "cli.unknown-value", "9"),
    ("models get https://example.org/", "checkpoint.invalid-url", "https://example.org/"),
    # does not go with another
    ("rollback --list --keep 1", "cli.conflicting-options", "--list"),
    ("rollback --list 3f9a", "cli.conflicting-options", "--list"),
    ("models get a b --digest 0", "cli.conflicting-options", "--digest"),
    (f"{GPU} --host a.csv", "cli.conflicting-options", "--host"),
    ("plan -i a.yaml --host a.csv", "cli.conflicting-options", "--host"),
    ("patch . --export", "cli.conflicting-options", "--export"),
    ("patch", "cli.missing-argument", "PATH"),
    # does not parse
    ("fly", "cli.usage", "fly"),
    ("plan --wings", "cli.usage", "--wings"),
]


@pytest.mark.parametrize(("line", "code", "named"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_argument_exits_2_and_is_named(
    line: str,
    code: str,
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("a.yaml", "a.csv"):
        Path(file).touch()
    assert run([*line.split(), "--json"]) == Exit.USAGE
    printed, shown = capsys.readouterr()
    error = json.loads(printed)["error"]
    assert error["code"] == code
    assert named in error["message"]
    assert "request." not in str(error)
    assert "probe the host" not in str(error)
    assert error["message"] in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.yaml"]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "5", "null", '{"format": "other"}', "[" * 100_000]
)
def test_a_file_that_is_no_lock_is_refused_before_anything_starts(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "stack.lock.json"
    lock.write_text(text, encoding="utf-8")
    prefix = tmp_path / "prefix"
    assert (
        run(["up", "--locked", str(lock), "--prefix", str(prefix), "--json", "--unsigned"])
        == Exit.USAGE
    )
    assert json.loads(capsys.readouterr().out)["error"]["code"] != "internal.bug"
    assert not prefix.exists()


@pytest.mark.parametrize("arguments", [[], ["models"], ["ava"]], ids=["alone", "models", "ava"])
def test_a_command_without_a_verb_prints_its_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == Exit.USAGE
    shown = capsys.readouterr().err
    assert shown.startswith("Usage: slowfast-stack")
    assert "error[" not in shown
