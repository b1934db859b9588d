"""An installer that behaves on the command line as the one of Miniforge does.

Written after the documented options of constructor's installers: ``-b`` asks nothing, ``-p`` names
the folder, which must not exist unless ``-u`` updates it. Its conda makes environments with the
interpreter of the tests, from one channel alone; it is no conda.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

INSTALLER = """#!/bin/sh
set -eu
batch=; update=; prefix=
while getopts bufhp: option; do
  case $option in
    b) batch=1 ;; u) update=1 ;; p) prefix=$OPTARG ;; *) exit 2 ;;
  esac
done
[ -n "$batch" ] || { echo "Please, press ENTER to continue"; exit 1; }
if [ -e "$prefix" ] && [ -z "$update" ]; then
  echo "ERROR: File or directory already exists: '$prefix'" >&2
  echo "If you want to update an existing installation, use the -u option." >&2
  exit 1
fi
mkdir -p "$prefix/bin"
echo "@VERSION@ batch update=$update" >>"$prefix/installed.txt"
@BREAK@
cat >"$prefix/bin/conda" <<'END'
#!/bin/sh
case "$1" in
  --version) echo "conda @CONDA@" ;;
  create)
    shift; channels=; path=
    while [ $# -gt 0 ]; do
      case $1 in
        --prefix) path=$2; shift ;;
        --channel) channels="$channels $2"; shift ;;
        --override-channels) override=1 ;;
        python=*) wanted=$1 ;;
      esac
      shift
    done
    [ -n "${override:-}" ] && [ "$channels" = " ${ALLOWED_CHANNEL:-conda-forge}" ] || exit 3
    @PYTHON@ -m venv --without-pip "$path" && echo "$wanted" >"$path/packages.txt" ;;
  init) grep -qs conda "$HOME/.$2rc" && echo "No action taken." || echo conda >>"$HOME/.$2rc" ;;
esac
END
printf '#!/bin/sh\\necho @MAMBA@\\n' >"$prefix/bin/mamba"
chmod +x "$prefix/bin/conda" "$prefix/bin/mamba"
"""


def write(folder: Path, version: str, *, broken: str = "", mamba: str = "2.5.0") -> tuple[str, str]:
    """Write an installer of a release; return its file name and its SHA-256."""
    text = INSTALLER
    for name, value in {
        "VERSION": version,
        "CONDA": version.partition("-")[0],
        "MAMBA": mamba,
        "PYTHON": sys.executable,
        "BREAK": broken,
    }.items():
        text = text.replace(f"@{name}@", value)
    path = folder / f"Miniforge3-{version}-Linux-x86_64.sh"
    path.write_text(text)
    return path.name, hashlib.sha256(path.read_bytes()).hexdigest()
