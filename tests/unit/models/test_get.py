"""``slowfast-stack models get`` against a real HTTP server that breaks in every way."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.http import FileServer, serving

from slowfast_stack.cli.app import run
from slowfast_stack.config import content

ROOT = Path(__file__).resolve().parents[3]
NAME = "kinetics400/SLOWFAST_8x8_R50.pkl"
BLOBS = pickle.dumps({"blobs": {"filler": bytes(range(256)) * 12000}}, protocol=2)
OTHER = pickle.dumps({"blobs": {"filler": bytes(range(255)) * 12000}}, protocol=2)


@pytest.fixture
def server() -> FileServer:
    return FileServer(BLOBS)


@pytest.fixture
def address(server: FileServer) -> Iterator[str]:
    with serving(server):
        yield server.address


class Zoo:
    """The command with a folder of its own."""

    def __init__(self, folder: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.address, self.capsys = folder, address, capsys

    def get(self, *more: str, name: str = NAME) -> tuple[int, str, str]:
        code = run(
            ["models", "get", name, "--checkpoint-dir", str(self.folder), *self._mirror(), *more]
        )
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def _mirror(self) -> list[str]:
        return ["--mirror", self.address]

    @property
    def file(self) -> Path:
        return self.folder / NAME

    def left(self) -> list[str]:
        """List what is in the folder, but for the record."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(path.name for path in files if "models.json" not in path.name)


@pytest.fixture
def zoo(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> Zoo:
    return Zoo(tmp_path / "zoo", address, capsys)


def test_a_file_is_fetched_recorded_and_described(zoo: Zoo) -> None:
    code, out, _ = zoo.get()
    assert code == 0
    assert zoo.file.read_bytes() == BLOBS
    assert "TRAIN.CHECKPOINT_TYPE: caffe2" in out
    assert f"TRAIN.CHECKPOINT_FILE_PATH: {zoo.file}" in out
    (seen,) = json.loads((zoo.folder / "models.json").read_text())["files"].values()
    assert seen["sha256"] == hashlib.sha256(BLOBS).hexdigest()
    assert zoo.left() == ["SLOWFAST_8x8_R50.pkl"]


def test_path_and_type_are_written_into_a_configuration(zoo: Zoo, tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    before = "# mine\nTRAIN:\n  ENABLE: True  # yes\n  CHECKPOINT_TYPE: pytorch\n"
    config.write_text(before)
    code, out, _ = zoo.get("--cfg", str(config))
    assert (code, out.splitlines()[-1]) == (0, f"{config}: written")
    read = content.load(config).values
    assert read["TRAIN.CHECKPOINT_TYPE"] == "caffe2"
    assert read["TRAIN.CHECKPOINT_FILE_PATH"] == str(zoo.file)
    assert "ENABLE: True  # yes" in config.read_text()
    assert config.with_name("mine.yaml.before").read_text() == before
    code, out, _ = zoo.get("--cfg", str(config))
    assert (code, out.splitlines()[-1]) == (0, f"{config}: unchanged")


def test_a_configuration_that_cannot_be_written_is_reported_before_anything_is_fetched(
    zoo: Zoo, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("TRAIN: [")
    for path in (tmp_path / "nowhere.yaml", broken):
        code, _, err = zoo.get("--cfg", str(path))
        assert code == 2
        assert path.name in err
    assert not zoo.file.exists()


def test_detectron2s_weights_do_not_belong_into_it(
    zoo: Zoo, server: FileServer, tmp_path: Path
) -> None:
    server.content = (Path(__file__).parent / "checkpoints/detectron2.pkl").read_bytes()
    config = tmp_path / "mine.yaml"
    config.write_text("TRAIN: {ENABLE: True}\n")
    code, _, err = zoo.get("--cfg", str(config))
    assert code == 1
    assert "checkpoint.other-type" in err
    assert config.read_text() == "TRAIN: {ENABLE: True}\n"


def test_a_second_run_verifies_and_fetches_nothing(zoo: Zoo, server: FileServer) -> None:
    zoo.get()
    server.served.clear()
    code, out, _ = zoo.get()
    assert (code, server.served) == (0, [])
    assert "already exists" in out
    assert zoo.left() == ["SLOWFAST_8x8_R50.pkl"]


def test_a_broken_connection_goes_on_where_it_broke(zoo: Zoo, server: FileServer) -> None:
    server.cut_after = [700_000, 900_000]
    code, _, _ = zoo.get()
    assert code == 0
    assert zoo.file.read_bytes() == BLOBS
    assert [asked for asked, _ in server.served] == ["", "bytes=700000-", "bytes=1600000-"]
    assert sum(sent for _, sent in server.served) == len(BLOBS)


def test_a_server_without_ranges_sends_all_again(zoo: Zoo, server: FileServer) -> None:
    server.ranges, server.cut_after = "", [700_000]
    code, _, _ = zoo.get()
    assert code == 0
    assert zoo.file.read_bytes() == BLOBS


def test_a_file_that_changes_meanwhile_begins_again(zoo: Zoo, server: FileServer) -> None:
    server.cut_after = [700_000, 0]
    code, _, err = zoo.get("--attempts", "1")
    assert code == 1
    assert "error[download.interrupted]" in err
    server.content = OTHER
    code, _, _ = zoo.get()
    assert code == 0
    assert zoo.file.read_bytes() == OTHER


@pytest.mark.parametrize("size", [0, 1])
def test_without_a_validator_a_download_starts_again(
    zoo: Zoo, server: FileServer, size: int
) -> None:
    server.etag, server.cut_after = "", [700_000, 0]
    assert zoo.get("--attempts", "1")[0] == 1
    server.content = OTHER[: len(BLOBS)] + b"x" * size
    server.served.clear()
    code, _, _ = zoo.get()
    assert server.served[0][0] == ""
    assert (code, zoo.file.read_bytes()) == (0, server.content)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_dead_link_is_reported(zoo: Zoo, server: FileServer, status: int) -> None:
    server.status = [status]
    code, _, err = zoo.get()
    assert code == 1
    assert f"HTTP {status}" in err
    assert "error[download.refused]" in err
    assert zoo.left() == []


def test_a_server_that_is_busy_is_asked_again(zoo: Zoo, server: FileServer) -> None:
    server.status = [503, 429]
    assert zoo.get()[0] == 0


def test_no_one_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zoo = Zoo(tmp_path, "http://127.0.0.1:9", capsys)
    code, _, err = zoo.get("--attempts", "2")
    assert code == 1
    assert "error[download.interrupted]" in err


def test_a_changed_file_at_the_address_is_refused_until_it_is_accepted(
    zoo: Zoo, server: FileServer
) -> None:
    zoo.get()
    zoo.file.unlink()
    server.content = OTHER
    code, _, err = zoo.get()
    assert code == 1
    assert "error[checkpoint.changed]" in err
    assert zoo.left() == []
    assert zoo.get("--accept-change")[0] == 0
    assert zoo.file.read_bytes() == OTHER
    assert zoo.get()[0] == 0


def test_a_file_in_place_that_was_changed_is_left_as_it_is(zoo: Zoo) -> None:
    zoo.get()
    zoo.file.write_bytes(OTHER)
    assert zoo.get()[0] == 1
    assert zoo.file.read_bytes() == OTHER


def test_a_given_digest_decides(zoo: Zoo) -> None:
    assert zoo.get("--digest", "0" * 64)[0] == 1
    assert zoo.left() == []
    assert zoo.get("--digest", hashlib.sha256(BLOBS).hexdigest().upper())[0] == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html>log in</html>", "web page"),
        (b"", "empty"),
        (BLOBS[: len(BLOBS) // 2], "truncated"),
        (b"\x00" * 5000, "Not a ZIP, tar or pickle"),
    ],
)
def test_what_is_no_checkpoint_never_appears(
    zoo: Zoo, server: FileServer, data: bytes, why: str
) -> None:
    server.content = data
    code, _, err = zoo.get()
    assert code == 1
    assert why in err
    assert zoo.left() == []


def test_a_body_that_ends_early_without_a_length_is_seen(zoo: Zoo, server: FileServer) -> None:
    server.length, server.cut_after = "", [700_000]
    code, _, err = zoo.get()
    assert code == 1
    assert "error[checkpoint.unusable]" in err
    assert zoo.get()[0] == 0


def test_bytes_of_another_time_are_not_built_upon(zoo: Zoo) -> None:
    part = zoo.file.with_name(f"{zoo.file.name}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"leftover")
    assert zoo.get()[0] == 0
    assert zoo.file.read_bytes() == BLOBS


def test_a_full_part_needs_only_to_be_verified(zoo: Zoo, server: FileServer) -> None:
    server.cut_after = [len(BLOBS) - 1, 0]
    assert zoo.get("--attempts", "1")[0] == 1
    part = zoo.file.with_name(f"{zoo.file.name}.part")
    part.write_bytes(BLOBS)
    server.served.clear()
    assert zoo.get()[0] == 0
    assert server.served == []


def test_an_address_of_ones_own_is_taken(zoo: Zoo, address: str) -> None:
    code, out, _ = zoo.get("--json", name=f"{address}/mine.pyth")
    assert code == 0
    (printed,) = json.loads(out)["models"]
    assert printed["type"] == "caffe2"
    assert zoo.left() == ["mine.pyth"]
