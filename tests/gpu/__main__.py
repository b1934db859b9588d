"""Copy this project to a GPU machine without a network, and test it there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import parts
import steps

COPIED = Path(".gpu")
KEPT = Path("/var/tmp/slowfast-stack-acceptance")  # noqa: S108  (a folder that is refused if another program owns it)


def main() -> int:
    """Return 0 when every requested step passed."""
    options = _parser().parse_args()
    try:
        return int(options.run(options))
    except parts.Failed as error:
        print(f"gpu_acceptance: {error}", file=sys.stderr)
        return 1


def _prepare(options: argparse.Namespace) -> int:
    import prepare  # noqa: PLC0415  (it needs this project's environment)

    wanted = ["--gpu", options.gpu, "--os", options.os, "--python", options.python]
    wanted += ["--torch", options.torch, "--installed-cuda", options.cuda]
    wanted += ["--installed-driver", options.driver]
    return prepare.prepare(COPIED, wanted, options.source, options.size)


def _collect(options: argparse.Namespace) -> int:
    missing = parts.collect(options.folder, options.kept)
    print(
        f"Missing: {', '.join(missing)}"
        if missing
        else "Complete. Next: scripts/gpu_acceptance run"
    )
    return 0


def _run(options: argparse.Namespace) -> int:
    return steps.run(options.kept, options.out, options.adopt, rehearsal=False)


def _rehearse(options: argparse.Namespace) -> int:
    import prepare  # noqa: PLC0415

    copied, kept = options.out / "copied", options.out / "kept"
    prepare.prepare(copied, [], options.source, options.size)
    for folder in sorted(copied.iterdir()):
        parts.collect(folder, kept)
    return steps.run(kept, options.out, options.adopt, rehearsal=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gpu_acceptance", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    prepare = verbs.add_parser(
        "prepare", help="write the folders to copy, where a network is available"
    )
    _source_options(prepare)
    machine = prepare.add_argument_group("the GPU machine")
    machine.add_argument("--gpu", default="10de:2335", help="PCI id (10de:2335, an H200)")
    machine.add_argument("--os", default="ubuntu-22.04", help="the oldest one to support")
    machine.add_argument("--python", default="3.12")
    machine.add_argument("--torch", default="2.11.0", help="the installed release")
    machine.add_argument("--cuda", default="13.0", help="the installed toolkit")
    machine.add_argument("--driver", default="580.159.04", help="the loaded driver")
    prepare.set_defaults(run=_prepare)
    collect = verbs.add_parser("collect", help="store a copied folder on the GPU machine")
    collect.add_argument("folder", type=Path, nargs="?", default=COPIED)
    collect.add_argument("--kept", type=Path, default=KEPT)
    collect.set_defaults(run=_collect)
    run = verbs.add_parser("run", help="apply, build, prove, train and measure")
    run.add_argument("--kept", type=Path, default=KEPT)
    _target_options(run)
    run.set_defaults(run=_run)
    rehearse = verbs.add_parser("rehearse", help="run all steps on this machine's CPU")
    _source_options(rehearse)
    _target_options(rehearse)
    rehearse.set_defaults(run=_rehearse)
    return parser


def _source_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", action="append", default=[], metavar="NAME=PLACE")
    parser.add_argument("--size", type=int, default=60, help="maximum MiB per folder (60)")


def _target_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder for the figures")
    parser.add_argument(
        "--adopt", type=Path, help="the Python that has torch (default: the first found)"
    )


if __name__ == "__main__":
    sys.exit(main())
