"""Install two wheels into an environment on a small disk: the second fills it, then space is freed.

Prints the error of the failed installation.
"""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "collections"))
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.process import Commands
from ansible_collections.slowfast.stack.plugins.module_utils._stack.environment.python_env import (
    Packages,
    PythonEnv,
    create,
    install,
    why_rebuild,
)

VERSION = "{}.{}".format(*sys.version_info)


def wheel(folder: Path, name: str, size: int) -> str:
    """Write a wheel with ``size`` bytes that do not compress."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/data": os.urandom(size),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as packed:
        for member, content in files.items():
            packed.writestr(member, content)
        record = "".join(f"{member},,\n" for member in files) + f"{info}/RECORD,,\n"
        packed.writestr(f"{info}/RECORD", record)
    return f"{name} @ {path.as_uri()}"


def main() -> None:
    """Fill the disk, check the error, free space, and continue."""
    disk = Path(sys.argv[1])
    commands = Commands({"UV_CACHE_DIR": str(disk / "uv"), "UV_LINK_MODE": "copy"})
    env = PythonEnv(disk / "env", str(Path(sys.executable).with_name("uv")))
    create(commands, env, sys.executable, VERSION)
    small, large = wheel(disk, "small", 1 << 10), wheel(disk, "large", 6 << 20)
    install(commands, env, Packages((small,)), disk / "log")
    filler = disk / "filler"
    filler.write_bytes(bytes(9 << 20))
    try:
        install(commands, env, Packages((large,)), disk / "log")
    except StackError as error:
        print(error)
    else:
        raise SystemExit("the disk was large enough")
    filler.unlink()
    print(create(commands, env, sys.executable, VERSION))
    install(commands, env, Packages((small, large)), disk / "log")
    if why_rebuild(commands, env, VERSION):
        raise SystemExit("the environment is not complete")


if __name__ == "__main__":
    main()
