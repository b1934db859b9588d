"""Environments made and filled by the real uv, from wheels written here."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    UNFINISHED,
    Conda,
    Packages,
    PythonEnv,
    create,
    install,
    missing,
    why_rebuild,
)
from support.errors import fails
from support.http import FileServer, serving

VERSION = "{}.{}".format(*sys.version_info)
BACKEND = """
import os, pathlib, zipfile
def _wheel(folder, body):
    name = "tree-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        packed.writestr("tree.pth", body)
        info = "tree-1.0.dist-info/"
        packed.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tree\\nVersion: 1.0\\n")
        packed.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        packed.writestr(info + "RECORD", "")
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, "")
def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, os.getcwd())
"""


def wheel(folder: Path, name: str, version: str, needs: str = "") -> str:
    """Write a wheel; return the requirement that installs it."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as packed:
        for member, text in files.items():
            packed.writestr(member, text)
        record = "".join(f"{member},,\n" for member in files) + f"{info}/RECORD,,\n"
        packed.writestr(f"{info}/RECORD", record)
    return f"{name} @ {path.as_uri()}"


@pytest.fixture
def env(tmp_path: Path) -> PythonEnv:
    made = PythonEnv(tmp_path / "env", "uv")
    assert create(Commands(), made, sys.executable, VERSION) == "it does not exist"
    return made


def test_a_complete_environment_is_kept(env: PythonEnv) -> None:
    assert create(Commands(), env, sys.executable, VERSION) is None


def test_an_environment_is_rebuilt_when_an_installation_was_cut_off(env: PythonEnv) -> None:
    (env.path / UNFINISHED).touch()
    assert (
        create(Commands(), env, sys.executable, VERSION)
        == "an installation into it was interrupted"
    )
    assert why_rebuild(Commands(), env, VERSION) is None


def test_an_environment_is_rebuilt_for_another_python_or_a_dead_interpreter(env: PythonEnv) -> None:
    assert why_rebuild(Commands(), env, "3.8") == f"it has Python {VERSION}, planned is 3.8"
    env.python.unlink()
    assert why_rebuild(Commands(), env, VERSION) == "its interpreter does not run"


def test_a_python_that_uv_provides_is_in_the_given_folder(tmp_path: Path) -> None:
    # A uv that downloads nothing: it says where it would keep a Python, and fails.
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "kept in $UV_PYTHON_INSTALL_DIR"; exit 1\n')
    uv.chmod(0o755)
    env = PythonEnv(tmp_path / "env", str(uv), tmp_path / "pythons")
    with fails("environment.create-failed", tmp_path / "pythons"):
        create(Commands(), env, "3.9", "3.9")


def test_writing_to_an_environment_does_not_reach_the_cache(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((wheel(tmp_path, "alpha", "1.0"),))
    install(Commands(), env, wanted, tmp_path / "log")
    (module,) = env.path.glob("lib/python*/site-packages/alpha.py")
    assert module.stat().st_nlink == 1
    with module.open("a") as file:
        file.write("VERSION = 'other'\n")
    other = PythonEnv(tmp_path / "other", "uv")
    create(Commands(), other, sys.executable, VERSION)
    install(Commands(), other, wanted, tmp_path / "log")
    (again,) = other.path.glob("lib/python*/site-packages/alpha.py")
    assert again.read_text() == "VERSION = '1.0'\n"


def test_packages_are_installed_once(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((wheel(tmp_path, "alpha", "1.0"), wheel(tmp_path, "beta", "2.0")))
    assert len(missing(Commands(), env, wanted)) == 2
    assert len(install(Commands(), env, wanted, tmp_path / "log")) == 2
    assert install(Commands(), env, wanted, tmp_path / "log") == ()
    assert not (env.path / UNFINISHED).exists()


def test_a_package_changed_outside_this_tool_is_put_right(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((wheel(tmp_path, "alpha", "1.0"),))
    install(Commands(), env, wanted, tmp_path / "log")
    install(Commands(), env, Packages((wheel(tmp_path, "alpha", "3.0"),)), tmp_path / "log")
    assert install(Commands(), env, wanted, tmp_path / "log") != ()
    answer = Commands().run([str(env.python), "-c", "import alpha; print(alpha.VERSION)"])
    assert answer.output.strip() == "1.0"


def test_a_failed_installation_says_so_and_changes_nothing(env: PythonEnv, tmp_path: Path) -> None:
    missing = f"missing @ {(tmp_path / 'missing-1.0-py3-none-any.whl').as_uri()}"
    with fails("packages.not-installable"):
        install(Commands(), env, Packages((missing,)), tmp_path / "log")
    assert why_rebuild(Commands(), env, VERSION) is None


def test_an_editable_tree_is_installed_again_only_after_its_setup_changed(
    env: PythonEnv, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "backend.py").write_text(BACKEND)
    (tree / "setup.py").write_text("")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tree"\nversion = "1.0"\n'
    )
    wanted = Packages((f"-e {tree}",), dependencies=False, build_isolation=False)
    assert install(Commands(), env, wanted, tmp_path / "log")
    assert install(Commands(), env, wanted, tmp_path / "log") == ()
    later = (tree / "setup.py").stat().st_mtime + 10
    os.utime(tree / "setup.py", (later, later))
    assert install(Commands(), env, wanted, tmp_path / "log")


def test_another_file_than_the_pinned_one_is_refused(env: PythonEnv, tmp_path: Path) -> None:
    wanted = Packages((f"{wheel(tmp_path, 'alpha', '1.0')}#sha256={'0' * 64}",))
    with pytest.raises(StackError) as caught:
        install(Commands(), env, wanted, tmp_path / "log")
    assert caught.value.code == "packages.not-installable"
    assert "proxy or index that changed it" in caught.value.hint, caught.value.cause
    assert Commands().run([str(env.python), "-c", "import alpha"]).rc


def index(folder: Path, *wheels: tuple[str, ...]) -> None:
    """Write a package index, each wheel with its SHA-256."""
    for name, version, *needs in wheels:
        page = folder / name
        page.mkdir(parents=True, exist_ok=True)
        wheel(page, name, version, *needs)
    for page in folder.iterdir():
        links = [
            f'<a href="{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">'
            f"{path.name}</a>"
            for path in sorted(page.glob("*.whl"))
        ]
        (page / "index.html").write_text("".join(links))


@pytest.fixture
def two_indexes(
    served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> tuple[Path, str]:
    """An index of one maker, with old build tools in it, and the configured one."""
    folder, address = served
    index(folder / "maker", ("tensors", "2.0+cu999", "library==3"), ("tool", "70.0"))
    index(folder / "main", ("tensors", "2.0"), ("library", "3"), ("tool", "81.0"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{address}/main")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder, f"{address}/maker"


def test_a_maker_s_index_gives_its_build_and_nothing_else(
    env: PythonEnv, two_indexes: tuple[Path, str], tmp_path: Path
) -> None:
    hashes = tmp_path / "hashes" / "tensors.txt"
    build = Packages(
        ("tensors==2.0+cu999",), index=two_indexes[1], hashes=hashes, dependencies=False
    )
    assert install(Commands(), env, build, tmp_path / "log") == ("+ tensors==2.0+cu999",)
    rest = Packages(("tensors==2.0+cu999", "tool==81.0"))
    assert install(Commands(), env, rest, tmp_path / "log") == ("+ tool==81.0",)
    assert missing(Commands(), env, rest) == ()
    assert Commands().run([str(env.python), "-c", "import library"]).rc == 0
    assert install(Commands(), env, build, tmp_path / "log") == ()
    packed = (two_indexes[0] / "maker" / "tensors").glob("*.whl")
    digest = hashlib.sha256(next(packed).read_bytes()).hexdigest()
    assert hashes.read_text() == f"tensors==2.0+cu999 --hash=sha256:{digest}\n"


def test_a_wheel_that_is_not_what_its_index_says_is_never_installed(
    env: PythonEnv, two_indexes: tuple[Path, str], tmp_path: Path
) -> None:
    folder, address = two_indexes
    wheel(folder / "maker" / "tensors", "tensors", "2.0+cu999", "library==4")
    build = Packages(
        ("tensors==2.0+cu999",),
        index=address,
        hashes=tmp_path / "hashes.txt",
        dependencies=False,
    )
    with fails("packages.not-installable", "Hash mismatch"):
        install(Commands(), env, build, tmp_path / "log")
    assert Commands().run([str(env.python), "-c", "import tensors"]).rc


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("name", ["library", "tensors"])
def test_an_index_that_serves_another_file_than_the_known_one_is_refused(
    env: PythonEnv, two_indexes: tuple[Path, str], tmp_path: Path, name: str, *, other: bool
) -> None:
    """Also of a package that another one requires, and before anything is installed."""
    folder, address = two_indexes
    versions = {"library": "3", "tensors": "2.0+cu999"}
    source = folder / ("main" if name == "library" else "maker") / name
    (packed,) = source.glob("*.whl")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    known = {f"{name}=={versions[name]}": (digest,)}
    if other:
        index(source.parent, (name, versions[name], "nothing"))
    build = Packages(
        ("tensors==2.0+cu999",),
        index=address,
        hashes=tmp_path / "hashes.txt",
        dependencies=False,
        known=known,
    )
    rest = Packages(("tensors==2.0+cu999", "tool==81.0"), known=known)

    def code() -> str:
        try:
            install(Commands(), env, build, tmp_path / "log")
            install(Commands(), env, rest, tmp_path / "log")
        except StackError as error:
            return error.code
        return ""

    refusal = {"library": "packages.not-installable", "tensors": "packages.other-hash"}[name]
    assert code() == (refusal if other else "")
    assert Commands().run([str(env.python), "-c", f"import {name}"]).rc == int(other)


def test_an_index_that_goes_down_in_the_middle_is_named_and_the_next_run_starts_again(
    env: PythonEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(tmp_path / "index", ("alpha", "1.0"), ("beta", "1.0", "alpha==1.0"), ("gamma", "1.0"))
    with serving(FileServer(tmp_path / "index", down_after=1)) as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", server.address)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        wanted = Packages(("beta==1.0", "gamma==1.0"))
        with pytest.raises(StackError) as caught:
            install(Commands(), env, wanted, tmp_path / "log")
        assert server.address.removeprefix("http://") in caught.value.cause
        assert "Check that PyPI is" in caught.value.hint
        assert why_rebuild(Commands(), env, VERSION) == "an installation into it was interrupted"
        server.down_after = None
        assert create(Commands(), env, sys.executable, VERSION)
        assert install(Commands(), env, wanted, tmp_path / "log") == ("+ beta==1.0", "+ gamma==1.0")
    assert Commands().run([str(env.python), "-c", "import alpha, beta, gamma"]).rc == 0


UV = """#!/bin/sh
printf '%s\\n' "$*" >> "$WORDS"
echo "+ alpha==1.0"; echo " - beta==1"; echo "~ gamma==2"; echo "Would install"
case "$*" in *--offline*) exit "$OFFLINE" ;; esac
exit "$ONLINE"
"""


class Uv:
    """A uv that writes down how it is called."""

    def __init__(self, folder: Path, offline: int = 0, online: int = 0) -> None:
        self.log = folder / "words"
        (folder / "uv").write_text(UV)
        (folder / "uv").chmod(0o755)
        (folder / "env" / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "env" / "bin" / "python").touch()
        self.env = PythonEnv(folder / "env", str(folder / "uv"))
        given = {"WORDS": str(self.log), "OFFLINE": str(offline), "ONLINE": str(online)}
        self.commands = Commands(given)

    def calls(self) -> list[list[str]]:
        """Return the words of each call after `uv pip install --python PYTHON`."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.split()[4:-2] for line in lines]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Packages(("a==1",)), "--offline --dry-run a==1"),
        (
            Packages(("a==1",), index="https://i"),
            "--default-index https://i --offline --dry-run a==1",
        ),
        (
            Packages(("a==1",), build_isolation=False),
            "--offline --dry-run --no-build-isolation a==1",
        ),
        (Packages(("-r pins.txt",)), "--offline --dry-run --require-hashes -r pins.txt"),
        (
            Packages(("-e /tree",)),
            "--offline --dry-run --config-setting editable_mode=compat -e /tree",
        ),
    ],
)
def test_how_uv_is_asked_for_packages(tmp_path: Path, wanted: Packages, words: str) -> None:
    uv = Uv(tmp_path)
    assert missing(uv.commands, uv.env, wanted) == ("+ alpha==1.0", "- beta==1", "~ gamma==2")
    (call,) = uv.calls()
    # No file of the environment is a second name of one in uv's cache.
    assert call[call.index("--link-mode") + 1] == "copy"
    said = [word for word in call if word not in ("--no-deps", "--link-mode", "copy")]
    assert said == words.split()
    assert "--no-deps" in call  # the named packages come first


def test_a_bundle_is_the_only_place_and_has_to_exist(tmp_path: Path) -> None:
    uv, bundle = Uv(tmp_path), tmp_path / "bundle"
    wanted = Packages(("a==1",), index="https://i", bundle=bundle)
    assert missing(uv.commands, uv.env, wanted) == ("+ a==1",)
    assert uv.calls() == []
    bundle.mkdir()
    missing(uv.commands, uv.env, wanted)
    where = ["--no-config", "--no-index", "--find-links", f"{bundle}/wheels", "--no-deps"]
    where += ["--link-mode", "copy"]
    assert uv.calls() == [[*where, "--offline", "--dry-run", "a==1"]]
    refusing = Uv(tmp_path, offline=2)
    with fails("bundle.missing-package"):
        missing(refusing.commands, refusing.env, wanted)
    assert len(refusing.calls()) == 2  # never over the network


@pytest.mark.parametrize(("dependencies", "calls"), [(True, 2), (False, 1)])
def test_dependencies_are_resolved_where_the_named_packages_are_there(
    tmp_path: Path, *, dependencies: bool, calls: int
) -> None:
    uv = Uv(tmp_path)
    (tmp_path / "uv").write_text(
        UV.replace('echo "+ alpha==1.0"; echo " - beta==1"; echo "~ gamma==2"; ', "")
    )
    wanted = Packages(("a==1",), dependencies=dependencies)
    assert missing(uv.commands, uv.env, wanted) == ()
    assert ["--no-deps" in call for call in uv.calls()] == [True, False][:calls]
    assert missing(uv.commands, uv.env, Packages(())) == ()
    assert len(uv.calls()) == calls


def test_the_network_is_used_only_where_the_cache_lacks_something(tmp_path: Path) -> None:
    uv = Uv(tmp_path, offline=1)
    missing(uv.commands, uv.env, Packages(("a==1",)))
    assert ["--offline" in call for call in uv.calls()] == [True, False]
    failing = Uv(tmp_path, offline=1, online=3)
    with fails("packages.not-installable", "uv exited with 3"):
        missing(failing.commands, failing.env, Packages(("a==1",)))


@pytest.mark.parametrize("bundled", [False, True])
def test_a_full_disk_is_named_and_not_tried_again(tmp_path: Path, *, bundled: bool) -> None:
    """A second uv finds a package that is half there, and reports that instead."""
    uv = Uv(tmp_path, offline=2, online=2)
    full = "error: failed to copy file: No space left on device (os error 28)"
    half = "error: Failed to read metadata for: wheel==0.48.0"
    said = f'case "$*" in *--offline*) echo "{full}" ;; *) echo "{half}" ;; esac\n'
    (tmp_path / "uv").write_text(UV.replace('case "$*"', f'{said}case "$*"', 1))
    wanted = Packages(("a==1",), bundle=tmp_path if bundled else None)
    with fails("disk.full"):
        missing(uv.commands, uv.env, wanted)
    assert ["--offline" in call for call in uv.calls()] == [True]


def test_without_an_environment_everything_is_missing_and_nothing_is_installed(
    tmp_path: Path,
) -> None:
    uv = Uv(tmp_path)
    uv.env.python.unlink()
    assert missing(uv.commands, uv.env, Packages(("a==1", "b"))) == ("+ a==1", "+ b")
    with fails("environment.missing"):
        install(uv.commands, uv.env, Packages(("a==1",)), tmp_path / "log")
    assert uv.calls() == []


UV_THAT_COMPILES = """#!/bin/sh
case "$*" in
*"pip compile"*"--offline"*) echo "$OFFLINE_SAYS"; exit 1 ;;
*"pip compile"*) for last do
    [ "$before" != --output-file ] || printf "alpha==1 --hash=sha256:%064d\\n" 0 > "$last"
    before=$last
  done; exit "$COMPILED" ;;
*--dry-run*) echo "+ alpha==1" ;;
esac
"""


@pytest.mark.parametrize(
    ("said", "compiled", "code"),
    [
        ("not in the cache", "0", ""),
        ("not in the cache", "3", "index.unreachable"),
        ("error: No space left on device (os error 28)", "0", "disk.full"),
    ],
)
def test_hashes_come_over_the_network_where_the_cache_has_none(
    tmp_path: Path, said: str, compiled: str, code: str
) -> None:
    uv = Uv(tmp_path)
    (tmp_path / "uv").write_text(UV_THAT_COMPILES)
    commands = Commands({"OFFLINE_SAYS": said, "COMPILED": compiled})
    hashes = tmp_path / "hashes" / "pins.txt"
    wanted = Packages(("alpha==1",), hashes=hashes)
    if code:
        with fails(code):
            install(commands, uv.env, wanted, tmp_path / "log")
        assert not hashes.exists()
        return
    assert install(commands, uv.env, wanted, tmp_path / "log") == ("+ alpha==1",)
    assert [path.name for path in hashes.parent.iterdir()] == ["pins.txt"]
    assert "--hash" in hashes.read_text()


def test_the_cache_is_cleared_after_a_uv_that_was_killed(tmp_path: Path) -> None:
    uv, busy = Uv(tmp_path), tmp_path / ".env.busy"
    create(uv.commands, uv.env, sys.executable, VERSION)
    assert "cache prune" not in uv.log.read_text()
    busy.touch()
    create(uv.commands, uv.env, sys.executable, VERSION)
    assert uv.log.read_text().count("cache prune --quiet") == 1
    assert not busy.exists()


def test_conda_takes_files_offline_and_packages_from_its_channel(tmp_path: Path) -> None:
    conda = Conda(tmp_path, "inner", ("python=3.11", "mkl"))
    start = [f"{tmp_path}/bin/conda", "create", "--yes", "--quiet", "--copy", "--prefix", "/env"]
    start += ["--override-channels", "--channel", "inner"]
    assert conda.argv(Path("/env")) == [*start, "python=3.11", "mkl"]
    files = (Path("/b/python.conda"), Path("/b/mkl.conda"))
    offline = Conda(tmp_path, "inner", ("python=3.11",), files).argv(Path("/env"))
    assert offline == [*start, "--offline", "/b/python.conda", "/b/mkl.conda"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("PackagesNotFoundError: not available: mkl=1", "environment.no-package"),
        ("error    libmamba  - nothing provides requested mkl ==1", "environment.no-package"),
        ("CondaHTTPError: HTTP 000 CONNECTION FAILED", "environment.create-failed"),
    ],
)
def test_a_package_that_no_channel_of_conda_has_is_named_as_such(
    said: str, code: str, tmp_path: Path
) -> None:
    program = tmp_path / "bin/conda"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    with fails(code, said):
        env = PythonEnv(tmp_path / "env", "uv")
        create(Commands(), env, Conda(tmp_path, "inner", ("python=3.11", "mkl=1")), "3.11")


def test_an_editable_package_whose_origin_cannot_be_read_is_installed_again(
    tmp_path: Path,
) -> None:
    uv, tree = Uv(tmp_path), tmp_path / "tree"
    info = uv.env.path / "lib/python3.11/site-packages/tree-1.0.dist-info"
    info.mkdir(parents=True)
    tree.mkdir()
    (tree / "setup.py").touch()
    os.utime(tree / "setup.py", (1, 1))
    origin = json.dumps({"url": tree.as_uri(), "dir_info": {"editable": True}})
    wanted = Packages((f"-e {tree}",), dependencies=False)
    for text, there in ((origin, True), ("{", False), (origin.replace("true", "false"), False)):
        (info / "direct_url.json").write_text(text)
        assert (missing(uv.commands, uv.env, wanted) == ()) is there
    (info / "direct_url.json").write_text(origin)
    (tree / "setup.py").unlink()
    assert missing(uv.commands, uv.env, wanted)


def test_what_a_killed_run_renamed_is_removed_with_the_environment(tmp_path: Path) -> None:
    uv, old = Uv(tmp_path), tmp_path / ".env.old"
    (old / "left").mkdir(parents=True)
    (uv.env.path / "before").touch()
    create(uv.commands, uv.env, sys.executable, VERSION)
    assert not old.exists()
    assert not (uv.env.path / "before").exists()
