"""Building FFmpeg with real make, from a small source that behaves as FFmpeg's does."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts import (
    build_ffmpeg,
    cache,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_ffmpeg import (
    FFmpegRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.cache import (
    build,
    find,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.key import key_of
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from support import small_ffmpeg
from support.errors import fails


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FFmpegRecipe:
    for name, value in small_ffmpeg.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return small_ffmpeg.recipe(tmp_path)


def key(recipe: FFmpegRecipe) -> str:
    return key_of(recipe.inputs)


def steps(recipe: FFmpegRecipe) -> list[str]:
    return (recipe.log.parents[1] / "steps").read_text().split("\n")[:-1]


def test_it_is_built_once_found_again_and_leaves_only_itself(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    artifact, built = build(Commands(), cache, recipe)
    again, built_again = build(Commands(), cache, recipe)
    assert (built, built_again) == (True, False)
    assert artifact == again == find(cache, key(recipe))
    assert steps(recipe) == ["configured", "compiled one.o", "compiled two.o"]
    assert [path.name for path in cache.iterdir() if path.is_dir()] == [key(recipe)]
    assert artifact.inputs == recipe.inputs


def test_a_damaged_program_is_built_again(recipe: FFmpegRecipe, tmp_path: Path) -> None:
    artifact, _ = build(Commands(), tmp_path / "cache", recipe)
    (artifact.folder / "lib" / "libavcodec.so.1").write_text("x")
    assert find(tmp_path / "cache", key(recipe)) is None
    assert build(Commands(), tmp_path / "cache", recipe)[1]


def test_a_killed_build_goes_on_and_trusts_nothing_half_written(
    recipe: FFmpegRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    assert find(cache, key(recipe)) is None
    monkeypatch.setenv("SLOW", "0")
    artifact, built = build(Commands(), cache, recipe)
    assert built
    assert (artifact.folder / "lib" / "libavcodec.so.1").read_text() == "complete\n"
    assert steps(recipe).count("configured") == 1
    assert steps(recipe).count("compiled one.o") == 2


def _alone(cache: Path, recipe: FFmpegRecipe) -> None:
    os.setsid()
    build(Commands(), cache, recipe)


def test_only_young_and_empty_products_are_forgotten(tmp_path: Path) -> None:
    now = time.time()
    ages = {"old.o": 900, "young.o": 5, "young.so.61.1": 1, "filter_list.c": 1, "old.ptx.c": 900}
    for name, age in ages.items():
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (now - age, now - age))
    (tmp_path / "empty.o").touch()
    os.utime(tmp_path / "empty.o", (now - 900, now - 900))
    build_ffmpeg.remove_incomplete(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"old.o", "filter_list.c", "old.ptx.c"}


@pytest.mark.parametrize(("age", "stays"), [(119, False), (120, True), (121, True)])
def test_a_product_is_young_for_two_minutes(tmp_path: Path, age: int, *, stays: bool) -> None:
    for name, time_ in (("newest.o", 10_000), ("other.o", 10_000 - age)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time_, time_))
    build_ffmpeg.remove_incomplete(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == (["other.o"] if stays else [])


@pytest.mark.parametrize(
    ("machine", "missing"),
    [("x86_64", "absent-cc, make, pkg-config, nasm"), ("aarch64", "absent-cc, make, pkg-config")],
)
def test_every_missing_tool_is_named(
    recipe: FFmpegRecipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    missing: str,
) -> None:
    monkeypatch.setattr(build_ffmpeg.platform, "machine", lambda: machine)
    monkeypatch.setenv("PATH", str(tmp_path))
    with fails("ffmpeg.missing-build-tools") as caught:
        build(Commands(), tmp_path / "cache", replace(recipe, cc="absent-cc", flags=()))
    assert caught.value.message.endswith(f"without {missing}.")


def test_from_a_bundle_it_is_built_of_what_is_in_there_alone(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    sources = tmp_path / "bundle" / "sources"
    sources.mkdir(parents=True)
    kept = {}
    for name, (place,) in recipe.sources.items():
        kept[name] = sources / f"{place.sha256}.tar.xz"
        Path(place.url).rename(kept[name])
    elsewhere = {
        name: (replace(place, url="https://example.invalid/x.tar.xz"),)
        for name, (place,) in recipe.sources.items()
    }
    offline = replace(recipe, sources=elsewhere, bundle=tmp_path / "bundle")
    complete = kept["ffmpeg"].read_bytes()
    kept["ffmpeg"].write_bytes(complete[:-1] + b"x")
    with fails("ffmpeg.no-source", "SHA-256") as caught:
        build(Commands(), tmp_path / "cache", offline)
    assert "bundle create" in caught.value.hint
    kept["ffmpeg"].unlink()
    with fails("ffmpeg.no-source", "The bundle does not contain"):
        build(Commands(), tmp_path / "cache", offline)
    kept["ffmpeg"].write_bytes(complete)
    assert build(Commands(), tmp_path / "cache", offline)[1]


def test_a_missing_compiler_is_named_before_anything_is_fetched(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    with fails("ffmpeg.missing-build-tools", "clang-99") as caught:
        build(Commands(), tmp_path / "cache", replace(recipe, flags=("--nvcc=clang-99",)))
    assert "Install it" in caught.value.hint
    assert not list((tmp_path / "cache").glob("*.work/*"))


def test_configure_is_quoted_with_what_helps(recipe: FFmpegRecipe, tmp_path: Path) -> None:
    with fails("ffmpeg.configure-failed", "ffnvcodec is too old") as caught:
        build(Commands(), tmp_path / "cache", replace(recipe, flags=("--refuse",)))
    assert "omit nv_codec_headers" in caught.value.hint
    assert "config.log" in caught.value.hint


def test_a_wrong_checksum_is_refused_and_nothing_is_built(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    wrong = (replace(recipe.sources["ffmpeg"][0], sha256="0" * 64),)
    sources = {**recipe.sources, "ffmpeg": wrong}
    with fails("ffmpeg.no-source", "0000") as caught:
        build(Commands(), tmp_path / "cache", replace(recipe, sources=sources))
    assert "--source ffmpeg=PLACE" in caught.value.hint
    assert steps(recipe) == []


def test_the_second_place_is_taken_where_the_first_has_nothing(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    dead = Source("archive", str(tmp_path / "absent.tar.xz"), sha256="0" * 64)
    places = (dead, *recipe.sources["ffmpeg"])
    sources = {**recipe.sources, "ffmpeg": places}
    assert build(Commands(), tmp_path / "cache", replace(recipe, sources=sources))[1]


def test_one_that_lacks_what_was_asked_for_is_never_used(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    required = {"filters": ["scale_cuda", "scale_npp"]}
    with fails("ffmpeg.missing-capability", "scale_npp"):
        build(Commands(), tmp_path / "cache", replace(recipe, required=required))
    assert find(tmp_path / "cache", key(recipe)) is None


def test_the_distributions_own_is_linked_and_a_newer_one_is_noticed(
    recipe: FFmpegRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "usr"
    binaries.mkdir()
    monkeypatch.setattr(cache, "PACKAGED", (str(binaries),))
    inputs = {**recipe.inputs, "origin": "distribution"}
    own = replace(recipe, origin="distribution", sources={}, inputs=inputs)
    with fails("ffmpeg.no-distribution-program"):
        build(Commands(), tmp_path / "cache", own)
    for name in ("ffmpeg", "ffprobe"):
        (binaries / name).write_text(small_ffmpeg.PROGRAM)
        (binaries / name).chmod(0o755)
    artifact, _ = build(Commands(), tmp_path / "cache", own)
    assert (artifact.folder / "bin" / "ffmpeg").readlink() == binaries / "ffmpeg"
    assert find(tmp_path / "cache", key(own)) == artifact
    (binaries / "ffmpeg").write_text(small_ffmpeg.PROGRAM + "# newer\n")
    assert find(tmp_path / "cache", key(own)) is None
    assert build(Commands(), tmp_path / "cache", own)[1]


def test_the_static_one_is_taken_out_of_a_wheel(recipe: FFmpegRecipe, tmp_path: Path) -> None:
    # A uv that notes its orders and lays out the wheel.
    uv = tmp_path / "uv"
    uv.write_text(
        f'#!/bin/sh\ntest "$6" = --python && test "$7" = {sys.executable} || exit 9\n'
        f'mkdir -p "$9/imageio_ffmpeg/binaries"\ncat "${{11}}" > {tmp_path}/wanted\n'
        f'cp {tmp_path}/program "$9/imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9"\n'
    )
    uv.chmod(0o755)
    place = Source("pypi", requirement="imageio-ffmpeg==0.8.1", sha256="1" * 64)
    static = replace(recipe, origin="static", sources={"ffmpeg": (place,)})
    artifact, _ = build(Commands(), tmp_path / "cache", replace(static, uv=str(uv)))
    assert (tmp_path / "wanted").read_text() == f"{place.requirement} --hash=sha256:{'1' * 64}\n"
    done = subprocess.run(
        [artifact.folder / "bin" / "ffmpeg", "-", "-hwaccels"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cuda" in done.stdout


@pytest.mark.parametrize(
    ("bundle", "words", "source", "hint"),
    [
        (None, "", "PyPI", build_ffmpeg.PYPI_HINT),
        (
            "bundle",
            "--no-config --offline --no-index --find-links {bundle}/wheels",
            "the bundle",
            build_ffmpeg.ANOTHER_BUNDLE,
        ),
    ],
)
def test_a_wheel_that_cannot_be_had_is_said_of_the_place_that_was_asked(
    recipe: FFmpegRecipe, tmp_path: Path, bundle: str | None, words: str, source: str, hint: str
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$*" > {tmp_path}/words\nexit 1\n')
    uv.chmod(0o755)
    folder = tmp_path / bundle if bundle else None
    place = Source("pypi", requirement="imageio-ffmpeg==0.8.1", sha256="1" * 64)
    static = replace(recipe, origin="static", sources={"ffmpeg": (place,)}, bundle=folder)
    with fails("packages.not-installable", source) as caught:
        build(Commands(), tmp_path / "cache", replace(static, uv=str(uv)))
    assert caught.value.hint == hint
    said = (tmp_path / "words").read_text().strip()
    assert said.partition("--link-mode copy")[2].strip() == words.format(bundle=folder)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("ffnvcodec is too old", build_ffmpeg.HINTS[0][1]),
        ("ERROR: failed checking for nvcc.", build_ffmpeg.HINTS[1][1]),
        ("C compiler test failed.", build_ffmpeg.HINTS[2][1]),
        ("nasm/yasm not found", build_ffmpeg.HINTS[3][1]),
        ("nasm not found; C compiler test failed.", build_ffmpeg.HINTS[2][1]),
        ("something new", ""),
    ],
)
def test_the_first_of_what_configure_says_is_explained(
    recipe: FFmpegRecipe, tmp_path: Path, said: str, hint: str
) -> None:
    script = f"#!/bin/sh\necho '{said}'; exit 4\n"
    (tmp_path / "other").mkdir()
    place = small_ffmpeg.pack(tmp_path / "other", "ffmpeg", {"configure": script})
    sources = {**recipe.sources, "ffmpeg": (Source(**place),)}
    with fails("ffmpeg.configure-failed", "exited with 4", said) as caught:
        build(Commands(), tmp_path / "cache", replace(recipe, sources=sources))
    assert caught.value.hint.partition("Its log is ")[0].strip() == hint


def test_the_folder_of_an_ffmpeg_is_what_it_is_used_by(recipe: FFmpegRecipe) -> None:
    assert recipe.path(Path("/cache/key")) == Path("/cache/key")


@pytest.mark.parametrize(
    ("name", "age", "content", "stays"),
    [
        ("new.o", 0, "x", False),
        ("just.o", build_ffmpeg.SUSPECT_S - 1, "x", False),
        ("edge.o", build_ffmpeg.SUSPECT_S, "x", True),
        ("old.o", build_ffmpeg.SUSPECT_S + 1, "x", True),
        ("empty.o", 9000, "", False),
        ("filter_list.c", 0, "", True),
    ],
)
def test_what_a_killed_compiler_may_have_been_writing_is_removed(
    tmp_path: Path, name: str, age: int, content: str, *, stays: bool
) -> None:
    for path, seconds, text in (
        (tmp_path / "last.o", 0, "x"),
        (tmp_path / "a" / name, age, content),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        os.utime(path, (1_000_000 - seconds, 1_000_000 - seconds))
    build_ffmpeg.remove_incomplete(tmp_path)
    assert (tmp_path / "a" / name).exists() == stays
    assert not (tmp_path / "last.o").exists()


def test_how_make_is_asked_for_headers_for_compiling_and_for_installing(
    recipe: FFmpegRecipe, tmp_path: Path
) -> None:
    make = tmp_path / "tools" / "make"
    real = shutil.which("make")
    make.write_text(
        f'#!/bin/sh\necho "$PKG_CONFIG_PATH: $*" >> {tmp_path}/asked\nexec {real} "$@"\n'
    )
    make.chmod(0o755)
    artifact, _built = build(Commands(), tmp_path / "cache", recipe)
    work = f"{tmp_path}/cache/{key(recipe)}.work"
    headers, compiled, installed = (tmp_path / "asked").read_text().splitlines()
    assert headers.startswith(": -C ")
    assert headers.endswith(f" PREFIX={work}/headers install")
    where = f"{work}/headers/lib/pkgconfig"
    assert compiled == f"{where}: -C {work}/build -j{recipe.jobs}"
    assert installed == f"{where}: -C {work}/build DESTDIR={work}/image install"
    assert not Path(work).exists()
    assert artifact.folder.is_dir()
