"""Building FFmpeg with real make, from a small source that behaves as FFmpeg's does."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    build_ffmpeg as ffmpeg_build,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import transfer
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_ffmpeg import (
    Recipe,
    find,
    make,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support import small_ffmpeg


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    for name, value in small_ffmpeg.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    log = tmp_path / "logs" / "ffmpeg.log"
    return Recipe(small_ffmpeg.plan(tmp_path), {"machine": "x86_64"}, "sh", 1, "uv", log)


def changed(recipe: Recipe, **parts: object) -> Recipe:
    return replace(recipe, plan={**recipe.plan, **parts})


def steps(recipe: Recipe) -> list[str]:
    return (recipe.log.parents[1] / "steps").read_text().split("\n")[:-1]


def test_it_is_built_once_found_again_and_leaves_only_itself(
    recipe: Recipe, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    home, made = make(Commands(), cache, recipe)
    again, made_again = make(Commands(), cache, recipe)
    assert (made, made_again) == (True, False)
    assert home == again == find(cache, recipe.facts)
    assert steps(recipe) == ["configured", "compiled one.o", "compiled two.o"]
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [home.name]
    assert json.loads((home / "built.json").read_text())["facts"] == recipe.facts


def test_what_decides_the_content_is_the_key_and_where_it_came_from_is_not(recipe: Recipe) -> None:
    other = [{"origin": "debian", "package": "ffmpeg", "suite": "trixie"}]
    other[0]["sha256"] = recipe.plan["sources"]["ffmpeg"][0]["sha256"]
    elsewhere = changed(recipe, sources={**recipe.plan["sources"], "ffmpeg": other})
    assert elsewhere.facts == recipe.facts
    for part in ({"version": "8"}, {"flags": []}, {"nv_codec_headers": "n2"}):
        assert changed(recipe, **part).facts != recipe.facts


def test_a_damaged_program_is_built_anew(recipe: Recipe, tmp_path: Path) -> None:
    home, _ = make(Commands(), tmp_path / "cache", recipe)
    (home / "lib" / "libavcodec.so.1").write_text("x")
    assert find(tmp_path / "cache", recipe.facts) is None
    assert make(Commands(), tmp_path / "cache", recipe)[1]


def test_a_killed_build_goes_on_and_trusts_nothing_half_written(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("SLOW", "30")
    builder = multiprocessing.get_context("fork").Process(target=_alone, args=(cache, recipe))
    builder.start()
    deadline = time.monotonic() + 20
    while "compiled one.o" not in steps(recipe) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(builder.pid or 0, signal.SIGKILL)
    builder.join()
    assert find(cache, recipe.facts) is None
    monkeypatch.setenv("SLOW", "0")
    home, made = make(Commands(), cache, recipe)
    assert made
    assert (home / "lib" / "libavcodec.so.1").read_text() == "whole\n"
    assert steps(recipe).count("configured") == 1
    assert steps(recipe).count("compiled one.o") == 2


def _alone(cache: Path, recipe: Recipe) -> None:
    os.setsid()
    make(Commands(), cache, recipe)


def test_only_young_and_empty_products_are_forgotten(tmp_path: Path) -> None:
    now = time.time()
    ages = {"old.o": 900, "young.o": 5, "young.so.61.1": 1, "filter_list.c": 1, "old.ptx.c": 900}
    for name, age in ages.items():
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (now - age, now - age))
    (tmp_path / "empty.o").touch()
    os.utime(tmp_path / "empty.o", (now - 900, now - 900))
    ffmpeg_build.forget_half_written(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"old.o", "filter_list.c", "old.ptx.c"}


def test_from_a_bundle_it_is_built_of_what_lies_in_there_alone(
    recipe: Recipe, tmp_path: Path
) -> None:
    sources = tmp_path / "bundle" / "sources"
    sources.mkdir(parents=True)
    kept = {}
    for name, (place,) in recipe.plan["sources"].items():
        kept[name] = sources / f"{place['sha256']}.tar.xz"
        Path(place["url"]).rename(kept[name])
    elsewhere = {
        name: [{**place, "url": "https://example.invalid/x.tar.xz"}]
        for name, (place,) in recipe.plan["sources"].items()
    }
    offline = replace(changed(recipe, sources=elsewhere), bundle=tmp_path / "bundle")
    assert offline.facts == recipe.facts
    whole = kept["ffmpeg"].read_bytes()
    kept["ffmpeg"].write_bytes(whole[:-1] + b"x")
    with pytest.raises(StackError, match="is not the pinned file") as caught:
        make(Commands(), tmp_path / "cache", offline)
    assert "bundle create" in caught.value.hint
    kept["ffmpeg"].unlink()
    with pytest.raises(StackError, match="The bundle has no archive"):
        make(Commands(), tmp_path / "cache", offline)
    kept["ffmpeg"].write_bytes(whole)
    assert make(Commands(), tmp_path / "cache", offline)[1]


def test_a_missing_compiler_is_named_before_anything_is_fetched(
    recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(StackError, match="cannot be built without clang-99") as caught:
        make(Commands(), tmp_path / "cache", changed(recipe, flags=["--nvcc=clang-99"]))
    assert "Install it" in caught.value.hint
    assert not list((tmp_path / "cache").glob("*.work/*"))


def test_configure_is_quoted_with_what_helps(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="ffnvcodec is too old") as caught:
        make(Commands(), tmp_path / "cache", changed(recipe, flags=["--refuse"]))
    assert "leave nv_codec_headers out" in caught.value.hint
    assert "config.log" in caught.value.hint


def test_a_wrong_checksum_is_refused_and_nothing_is_built(recipe: Recipe, tmp_path: Path) -> None:
    wrong = [{**recipe.plan["sources"]["ffmpeg"][0], "sha256": "0" * 64}]
    sources = {**recipe.plan["sources"], "ffmpeg": wrong}
    with pytest.raises(StackError, match=r"not the pinned file.*expected 0000") as caught:
        make(Commands(), tmp_path / "cache", changed(recipe, sources=sources))
    assert "--source ffmpeg=PLACE" in caught.value.hint
    assert steps(recipe) == []


def test_the_second_place_is_taken_where_the_first_has_nothing(
    recipe: Recipe, tmp_path: Path
) -> None:
    dead = {"origin": "archive", "url": str(tmp_path / "absent.tar.xz"), "sha256": "0" * 64}
    places = [dead, *recipe.plan["sources"]["ffmpeg"]]
    sources = {**recipe.plan["sources"], "ffmpeg": places}
    assert make(Commands(), tmp_path / "cache", changed(recipe, sources=sources))[1]


def test_one_that_lacks_what_was_asked_for_is_never_used(recipe: Recipe, tmp_path: Path) -> None:
    wanted = {"filters": ["scale_cuda", "scale_npp"]}
    with pytest.raises(StackError, match="lacks filters scale_npp"):
        make(Commands(), tmp_path / "cache", changed(recipe, wanted=wanted))
    assert find(tmp_path / "cache", recipe.facts) is None


def test_the_distributions_own_is_linked_and_a_newer_one_is_noticed(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "usr"
    binaries.mkdir()
    monkeypatch.setattr(ffmpeg_build, "PACKAGED", str(binaries))
    own = changed(recipe, origin="distribution", sources={})
    with pytest.raises(StackError, match="no ffmpeg of the distribution"):
        make(Commands(), tmp_path / "cache", own)
    for name in ("ffmpeg", "ffprobe"):
        (binaries / name).write_text(small_ffmpeg.PROGRAM)
        (binaries / name).chmod(0o755)
    home, _ = make(Commands(), tmp_path / "cache", own)
    assert (home / "bin" / "ffmpeg").readlink() == binaries / "ffmpeg"
    assert find(tmp_path / "cache", own.facts) == home
    (binaries / "ffmpeg").write_text(small_ffmpeg.PROGRAM + "# newer\n")
    assert find(tmp_path / "cache", own.facts) is None
    assert make(Commands(), tmp_path / "cache", own)[1]


def test_the_static_one_is_taken_out_of_a_wheel(recipe: Recipe, tmp_path: Path) -> None:
    # A uv that notes its orders and lays out the wheel.
    uv = tmp_path / "uv"
    uv.write_text(
        f'#!/bin/sh\ntest "$6" = --python && test "$7" = {sys.executable} || exit 9\n'
        f'mkdir -p "$9/imageio_ffmpeg/binaries"\ncat "${{11}}" > {tmp_path}/wanted\n'
        f'cp {tmp_path}/program "$9/imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9"\n'
    )
    uv.chmod(0o755)
    place = {"origin": "pypi", "requirement": "imageio-ffmpeg==0.8.1", "sha256": "1" * 64}
    static = changed(recipe, origin="static", sources={"ffmpeg": [place]})
    home, _ = make(Commands(), tmp_path / "cache", replace(static, uv=str(uv)))
    assert (tmp_path / "wanted").read_text() == f"{place['requirement']} --hash=sha256:{'1' * 64}\n"
    done = subprocess.run(
        [home / "bin" / "ffmpeg", "-", "-hwaccels"], capture_output=True, text=True, check=True
    )
    assert "cuda" in done.stdout


def brought(recipe: Recipe, folder: Path) -> Path:
    """Build it in one cache and return the archive that goes to another."""
    home, _ = make(Commands(), folder / "first", recipe)
    (home / "lib" / "libavcodec.so").symlink_to("libavcodec.so.1")
    second = folder / "second"
    second.mkdir()
    archive = transfer.parcel(second)
    transfer.pack(home, archive)
    return archive


def test_a_build_that_is_brought_is_used_and_nothing_is_compiled(
    recipe: Recipe, tmp_path: Path
) -> None:
    archive = brought(recipe, tmp_path)
    assert transfer.adopt(Commands(), tmp_path / "second", recipe, archive) is None
    home, made = make(Commands(), tmp_path / "second", recipe)
    assert (home.parent, made) == (tmp_path / "second", False)
    assert (home / "lib" / "libavcodec.so").readlink() == Path("libavcodec.so.1")
    assert steps(recipe).count("configured") == 1
    assert sorted(path.name for path in home.parent.iterdir()) == [home.name, f"{home.name}.lock"]


@pytest.mark.parametrize("harm", ["cut", "changed", "of another key", "does not run here"])
def test_a_build_that_was_harmed_on_its_way_is_not_used(
    recipe: Recipe, tmp_path: Path, harm: str
) -> None:
    archive = brought(recipe, tmp_path)
    home = next((tmp_path / "first").glob("*/bin")).parent
    wanted = recipe
    if harm == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    elif harm == "changed":
        (home / "lib" / "libavcodec.so.1").write_text("half")
        transfer.pack(home, archive)
    elif harm == "of another key":
        wanted = changed(recipe, version="8")
    else:
        wanted = changed(recipe, wanted={"filters": ["scale_npp"]})
    why = transfer.adopt(Commands(), tmp_path / "second", wanted, archive)
    assert why
    assert "is not used" in why
    assert find(tmp_path / "second", wanted.facts) is None
    assert not [path for path in (tmp_path / "second").iterdir() if path.suffix != ".lock"]
