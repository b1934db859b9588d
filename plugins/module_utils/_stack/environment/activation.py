"""Write the script that activates and deactivates a stack, for every kind of environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.shell import comment, quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "activate"
# In this order they are set and restored.
_SAVED = (
    "PATH",
    "LD_LIBRARY_PATH",
    "CUDA_HOME",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONNOUSERSITE",
    "PS1",
)
# The variable with which tools such as uv detect the active environment.
_KINDS = {"uv": "VIRTUAL_ENV", "conda": "CONDA_PREFIX"}

_TEXT = """\
# Activate this stack: . {script}
# Deactivate it: deactivate
# Works in sh, bash, dash, ksh and zsh. Written by slowfast.stack; the next `up` replaces it.

# An active environment is deactivated first; a program named deactivate is not called.
if [ "$(command -v deactivate)" = deactivate ]; then deactivate; fi

{save}

PATH={path}"${{PATH:+:$PATH}}"
export PATH
{kind}={env}
export {kind}
SLOWFAST_STACK={stack}
export SLOWFAST_STACK
{cuda}# No modules of another Python or of the user's site-packages.
unset PYTHONHOME PYTHONPATH
PYTHONNOUSERSITE=1
export PYTHONNOUSERSITE
if [ -z "${{VIRTUAL_ENV_DISABLE_PROMPT:-}}" ] && [ -n "${{PS1:-}}" ]; then
    PS1="(slowfast) $PS1"
fi

deactivate() {{
{restore}
    unset SLOWFAST_STACK
    unset -f deactivate
    hash -r 2>/dev/null || true
}}
hash -r 2>/dev/null || true
"""
_CUDA = """\
CUDA_HOME={home}
export CUDA_HOME
LD_LIBRARY_PATH={libraries}"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export LD_LIBRARY_PATH
"""


def script(stack: Path, plan: Mapping[str, Any]) -> str:
    """Return the text for the stack in the folder ``stack``.

    With a CUDA toolkit in the plan, CUDA_HOME, PATH and LD_LIBRARY_PATH point to that toolkit;
    PyTorch's wheels find their bundled libraries by their run path, which takes precedence.
    """
    env, planned = stack / "env", plan["build"]["cuda_home"]
    home = stack / planned if planned else None
    paths = [env / "bin", *([stack / "ffmpeg" / "bin"] if plan.get("ffmpeg") else [])]
    paths += [home / "bin"] if home else []
    kind = _KINDS[plan["environment"]["manager"]]
    cuda = _CUDA.format(home=quote(home), libraries=quote(f"{home}/lib64")) if home else ""
    return _TEXT.format(
        script=comment(stack / NAME),
        save="\n".join(_save(name) for name in (*_SAVED, kind)),
        kind=kind,
        path=quote(":".join(map(str, paths))),
        env=quote(env),
        stack=quote(stack),
        cuda=cuda,
        restore="\n".join(_restore(name) for name in (*_SAVED, kind)),
    )


def _save(name: str) -> str:
    # Distinguish an empty value from an unset one.
    return f'_slowfast_had_{name}="${{{name}+x}}" _slowfast_old_{name}="${{{name}-}}"'


def _restore(name: str) -> str:
    # PS1 is not exported to child processes.
    export = "" if name == "PS1" else f"; export {name}"
    return (
        f'    if [ -n "$_slowfast_had_{name}" ]; then {name}="$_slowfast_old_{name}"{export};'
        f" else unset {name}; fi\n"
        f"    unset _slowfast_had_{name} _slowfast_old_{name}"
    )
