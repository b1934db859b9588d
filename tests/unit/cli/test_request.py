"""What the flags mean, before anything is started."""

from __future__ import annotations

import pytest
from support.errors import fails

from slowfast_stack.exit_codes import UsageError
from slowfast_stack.orchestration import playbooks, request

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.net/a.git", {"url": "https://example.net/a.git"}),
        (
            f"https://me@example.net/a.git@{COMMIT}",
            {"url": "https://me@example.net/a.git", "commit": COMMIT},
        ),
        (f"git@example.net:a.git@{COMMIT}", {"url": "git@example.net:a.git", "commit": COMMIT}),
        ("git@example.net:a.git", {"url": "git@example.net:a.git"}),
    ],
)
def test_a_source_is_a_place_and_perhaps_a_commit(text, expected):
    assert request.source(f"slowfast={text}", local=True) == ("slowfast", expected)


def test_an_installer_is_pinned_by_its_sha256():
    name, source = request.source(f"miniforge=http://mirror.example/m.sh@{'0f' * 32}", local=True)
    assert name == "miniforge"
    assert source == {"url": "http://mirror.example/m.sh", "sha256": "0f" * 32}


def test_a_path_counts_from_here_and_must_exist(tmp_path, monkeypatch):
    (tmp_path / "slowfast.git").mkdir()
    monkeypatch.chdir(tmp_path)
    chosen = request.source("slowfast=slowfast.git", local=True)[1]
    assert chosen == {"url": str(tmp_path / "slowfast.git")}
    with fails("source.not-found", "elsewhere"):
        request.source("slowfast=elsewhere", local=True)


def test_an_absolute_path_may_be_one_of_the_hosts():
    assert request.source("slowfast=/srv/a.git", local=False)[1] == {"url": "/srv/a.git"}
    with pytest.raises(UsageError):
        request.source("slowfast=/srv/a.git", local=True)


@pytest.mark.parametrize("text", ["slowfast", "slowfast=", "numpy=https://example.net/a.git"])
def test_a_source_that_is_not_understood_shows_an_example(text):
    with fails("cli.invalid-value"):
        request.source(text, local=True)


def test_a_short_commit_is_refused_with_the_way_to_find_the_complete():
    with fails("cli.invalid-value", "git ls-remote"):
        request.source("slowfast=https://example.net/a.git@0123abc", local=True)


def test_a_relative_prefix_has_a_meaning_only_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert playbooks.target_path("here", local=True) == str(tmp_path / "here")
    assert playbooks.target_path("/opt/there", local=False) == "/opt/there"
    with fails("cli.relative-path", "here"):
        playbooks.target_path("here", local=False)
