"""Explain a configuration: its name in sentences, its content beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import Unreadable
from slowfast_stack.config import content, name_check, names, upstream
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.config.names import Name

_CLOSE = 0.6


def explain(text: str, source: Path | None = None) -> dict[str, Any]:
    """Explain a name, a file, or a name whose file lies in a checkout."""
    path = _file(text, source)
    name = names.read(_from_upstream(path) if path else text)
    places = upstream.places(text if not path else name.text)
    if not name.parts and not path:
        raise _unknown(text)
    told: dict[str, Any] = {
        "name": name.text,
        "upstream": list(places),
        "parts": [
            {"text": part.text, "kind": part.word.kind, "means": part.sentence}
            for part in name.parts
        ],
        "unknown": list(name.unknown),
        "file": None,
    }
    return told if path is None else told | {"file": _compared(path, name)}


def _file(text: str, source: Path | None) -> Path | None:
    if Path(text).is_file():
        return Path(text)
    if source is None:
        return None
    found = [source / place for place in upstream.places(text) if (source / place).is_file()]
    if len(found) > 1:
        listed = "\n".join(str(path.relative_to(source)) for path in found)
        raise UsageError(
            f"{source} has several files of that name.",
            listed,
            "Name one of them.",
            code="config.ambiguous-name",
        )
    return found[0] if found else None


def _from_upstream(path: Path) -> str:
    """Return the part of a path that upstream would know, so that its folders count too."""
    parts = path.absolute().parts
    roots = [i for i, part in enumerate(parts) if part in ("configs", "demo")]
    return "/".join(parts[roots[-1] :]) if roots else path.name


def _unknown(text: str) -> UsageError:
    import difflib  # noqa: PLC0415  (only where a name is wrong)

    stems = sorted({path.rpartition("/")[2].removesuffix(".yaml") for path in upstream.PATHS})
    wanted = Path(text).name.removesuffix(".yaml")
    close = difflib.get_close_matches(wanted, stems, cutoff=_CLOSE) or stems[:3]
    return UsageError(
        f"{text} is neither a file nor a name that can be read.",
        "No part of it is a word of upstream's names.",
        f"Try one of: {', '.join(close)}.",
        code="config.unknown-name",
    )


def _compared(path: Path, name: Name) -> dict[str, Any]:
    try:
        read = content.load(path)
    except Unreadable as error:
        return {"path": str(path), "error": f"{error.message} {error.cause}", "problems": []}
    return {
        "path": str(path),
        "error": None,
        "says": said(read),
        "problems": [
            {"key": problem.key, "message": problem.message, "fatal": problem.fatal}
            for problem in read.problems
        ],
        "comparison": [vars(row) for row in name_check.compare(name, read)],
    }


def said(read: Content) -> dict[str, str]:
    """Return the content in the order of a name: model, clip, backbone, data, schedule."""
    clips = name_check.clips(read)
    return {
        "model": f"{read.get('MODEL.ARCH')} ({read.get('MODEL.MODEL_NAME')})",
        "clip": ", ".join(f"{n}x{stride} {message}" for message, (n, stride) in clips.items()),
        "backbone": _backbone(read),
        "data set": f"{read.get('TRAIN.DATASET')}, {read.get('MODEL.NUM_CLASSES')} classes",
        "schedule": f"{read.get('SOLVER.MAX_EPOCH')} epochs, {read.get('SOLVER.LR_POLICY')}, "
        f"learning rate {read.get('SOLVER.BASE_LR')} for a batch of {read.get('TRAIN.BATCH_SIZE')}",
        "checkpoint": f"{read.get('TRAIN.CHECKPOINT_TYPE')} "
        f"{read.get('TRAIN.CHECKPOINT_FILE_PATH') or '(none named)'}",
    }


def _backbone(read: Content) -> str:
    if str(read.get("MODEL.ARCH")).endswith("mvit"):
        return f"{read.get('MVIT.DEPTH')} blocks, width {read.get('MVIT.EMBED_DIM')}"
    if read.get("MODEL.ARCH") == "x3d":
        return f"X3D, depth factor {read.get('X3D.DEPTH_FACTOR')}"
    return f"ResNet-{read.get('RESNET.DEPTH')}"
