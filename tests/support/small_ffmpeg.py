"""A small source that behaves as FFmpeg's does: configure, make, lists; real make, no compiler."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.build_ffmpeg import (
    FFmpegRecipe,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.artifacts.source_tree import (
    Source,
)

# Configure notes the prefix; two objects are compiled, each noted and slow where asked.
CONFIGURE = """\
#!/bin/sh
test -n "$PKG_CONFIG_PATH" || exit 3
case "$*" in *--refuse*) echo 'ERROR: nvenc requested, but ffnvcodec is too old'; exit 1 ;; esac
for word; do case "$word" in --prefix=*) echo "prefix=${word#--prefix=}" > config.mak ;; esac; done
echo configured >> "$STEPS"
cp "$(dirname "$0")/rules.mk" Makefile
"""
RULES = """\
include config.mak
.PHONY: all install
all: one.o two.o
one.o two.o:
\techo half > $@
\techo compiled $@ >> "$(STEPS)"
\tsleep $(SLOW)
\techo complete > $@
install: all
\tmkdir -p $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/lib
\tcp one.o $(DESTDIR)$(prefix)/lib/libavcodec.so.1
\tln -s libavcodec.so.1 $(DESTDIR)$(prefix)/lib/libavcodec.so
\tcp "$(PROGRAM)" $(DESTDIR)$(prefix)/bin/ffmpeg
"""
HEADERS = "install:\n\tmkdir -p $(PREFIX)/lib/pkgconfig\n"
PROGRAM = """\
#!/bin/sh
case "$2" in
  -hwaccels) printf 'Hardware acceleration methods:\\ncuda\\n' ;;
  -filters) printf 'Filters:\\n ... scale_cuda        V->V       GPU\\n' ;;
esac
"""
WANTED = {"hwaccels": ["cuda"], "filters": ["scale_cuda"]}


def pack(folder: Path, name: str, files: dict[str, str]) -> dict[str, str]:
    """Make an archive of one folder and return its place."""
    tree = folder / f"{name}-9"
    tree.mkdir()
    for file, text in files.items():
        (tree / file).write_text(text)
        (tree / file).chmod(0o755)
    archive = folder / f"{name}.tar.xz"
    with tarfile.open(archive, "w:xz") as packed:
        packed.add(tree, tree.name)
    pin = hashlib.sha256(archive.read_bytes()).hexdigest()
    return {"origin": "archive", "url": str(archive), "sha256": pin}


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of a build: what it installs, where it notes its steps, its tools."""
    program = folder / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    steps = folder / "steps"
    steps.touch()
    # A build asks that these are there; this small source runs neither.
    tools = folder / "tools"
    tools.mkdir()
    for name in ("nasm", "pkg-config"):
        (tools / name).symlink_to("/bin/true")
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {"PROGRAM": str(program), "STEPS": str(steps), "SLOW": "0", "PATH": path}


def plan(folder: Path) -> dict[str, Any]:
    """Return a plan that builds this source."""
    return {
        "origin": "build",
        "version": "9",
        "nv_codec_headers": "n1",
        "flags": ["--enable-nvenc"],
        "wanted": WANTED,
        "sources": {
            "ffmpeg": [pack(folder, "ffmpeg", {"configure": CONFIGURE, "rules.mk": RULES})],
            "nv-codec-headers": [pack(folder, "headers", {"Makefile": HEADERS})],
        },
    }


def recipe(folder: Path) -> FFmpegRecipe:
    """Return the recipe of this plan, as the module reads it."""
    planned = plan(folder)
    return FFmpegRecipe(
        {"version": "9", "machine": "x86_64"},
        planned["origin"],
        tuple(planned["flags"]),
        {name: (Source(**place),) for name, (place,) in planned["sources"].items()},
        cc="sh",
        jobs=1,
        uv="uv",
        required=planned["wanted"],
        log=folder / "logs" / "ffmpeg.log",
    )
