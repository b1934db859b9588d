"""What a run sets for Ansible, and what it leaves to the user: forks, and the check of ssh keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from slowfast_stack.orchestration import ansible, forks

_VARIABLES = (
    "ANSIBLE_FORKS",
    "ANSIBLE_CONFIG",
    "ANSIBLE_HOST_KEY_CHECKING",
    "ANSIBLE_SSH_HOST_KEY_CHECKING",
    "SSH_ASKPASS",
)


@pytest.mark.parametrize(
    ("cores", "memory_mib", "number"),
    [(1, 16_000, 8), (2, 16_000, 16), (16, 64_000, 100), (16, 1_024, 16), (1, 100, 5)],
)
def test_cores_and_memory_bound_it(cores: int, memory_mib: int, number: int) -> None:
    assert forks.chosen(cores, memory_mib) == number


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a home without settings."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_set_where_the_user_has_not_said_it(place: Path) -> None:
    assert place.is_dir()
    number = int(ansible.environment("")["ANSIBLE_FORKS"])
    assert forks.LEAST <= number <= forks.MOST


def test_a_variable_of_the_user_counts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.is_dir()
    monkeypatch.setenv("ANSIBLE_FORKS", "3")
    assert forks.setting() == {}


@pytest.mark.parametrize("name", ["ansible.cfg", "home/.ansible.cfg", "named.cfg"])
def test_a_file_of_the_user_counts(place: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (place / name).write_text("[defaults]\nforks = 7 ; as many as we may\n")
    if name == "named.cfg":
        monkeypatch.setenv("ANSIBLE_CONFIG", name)
    assert forks.setting() == {}


@pytest.mark.parametrize("text", ["[defaults]\nnocolor = 1\n", "forks = 7\n", "[defaults\n", "\0"])
def test_a_file_without_it_leaves_it_to_the_program(place: Path, text: str) -> None:
    (place / "ansible.cfg").write_text(text)
    (place / "home" / ".ansible.cfg").write_text("[defaults]\nforks = 7\n")  # Ansible reads one
    assert "ANSIBLE_FORKS" in forks.setting()


def test_ssh_keys_are_checked_and_no_question_waits_unseen(place: Path) -> None:
    assert place.is_dir()
    made = ansible.environment("")
    assert made["ANSIBLE_HOST_KEY_CHECKING"] == "True"
    assert (made["SSH_ASKPASS"], made["SSH_ASKPASS_REQUIRE"]) == ("false", "force")


@pytest.mark.parametrize("section", ["defaults", "ssh_connection"])
def test_a_file_of_the_user_decides_on_ssh_keys(place: Path, section: str) -> None:
    (place / "ansible.cfg").write_text(f"[{section}]\nhost_key_checking = no\n")
    assert ansible.environment("")["ANSIBLE_HOST_KEY_CHECKING"] == "no"


@pytest.mark.parametrize("name", ["ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING"])
def test_a_variable_of_the_user_decides_on_ssh_keys(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (place / "ansible.cfg").write_text("[defaults]\nhost_key_checking = yes\n")
    monkeypatch.setenv(name, "False")
    assert ansible.environment("")["ANSIBLE_HOST_KEY_CHECKING"] == "False"


def test_who_asks_for_passphrases_is_the_users_choice(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.is_dir()
    monkeypatch.setenv("SSH_ASKPASS", "/usr/bin/ksshaskpass")
    assert "SSH_ASKPASS" not in ansible.environment("")
