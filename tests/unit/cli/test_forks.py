"""How many hosts Ansible works on at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest

from slowfast_stack.orchestration import ansible, forks


@pytest.mark.parametrize(
    ("cores", "memory_mib", "number"),
    [(1, 16_000, 8), (2, 16_000, 16), (16, 64_000, 100), (16, 1_024, 16), (1, 100, 5)],
)
def test_cores_and_memory_bound_it(cores: int, memory_mib: int, number: int) -> None:
    assert forks.chosen(cores, memory_mib) == number


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a home without settings."""
    for name in ("ANSIBLE_FORKS", "ANSIBLE_CONFIG"):
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
