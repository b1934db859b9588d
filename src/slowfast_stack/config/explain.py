"""Explain a configuration: what its name means, and whether its content agrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import (
    StackError,
    Unreadable,
)
from slowfast_stack.config import content, name_check, names, upstream
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from slowfast_stack.config.content import Content
    from slowfast_stack.config.name_check import Comparison
    from slowfast_stack.config.names import Name

_CLOSE = 0.6


@dataclass(frozen=True)
class FileContent:
    """A file beside its name; ``content`` is the error where it cannot be read."""

    path: Path
    content: Content | StackError
    comparison: tuple[Comparison, ...]

    @property
    def error(self) -> StackError | None:
        """Why the file cannot be read."""
        return self.content if isinstance(self.content, StackError) else None

    def as_dict(self) -> dict[str, object]:
        """Return the output of --json."""
        if isinstance(self.content, StackError):
            return {"path": str(self.path), "error": self.content.to_dict(), "problems": []}
        return {
            "path": str(self.path),
            "error": None,
            "says": summary(self.content),
            "problems": [
                {"key": problem.key, "message": problem.message, "fatal": problem.fatal}
                for problem in self.content.problems
            ],
            "comparison": [vars(row) for row in self.comparison],
        }

    def lines(self) -> list[str]:
        """Return it as text."""
        out = ["", f"The file {self.path}"]
        if isinstance(self.content, StackError):
            return [*out, f"  {self.content.message} {self.content.cause}"]
        out += [f"  {message:<11}{value}" for message, value in summary(self.content).items()]
        out += [
            f"  {'refused' if problem.fatal else 'note'}: {problem.message}"
            for problem in self.content.problems
        ]
        different = [row for row in self.comparison if not row.agrees]
        out += [
            f"  differs: {row.part or 'the name'} says {row.name_says}; the file says {row.file_says}"
            for row in different
        ]
        agreeing = len(self.comparison) - len(different)
        return [*out, f"  {agreeing} of {len(self.comparison)} claims of the name agree."]


@dataclass(frozen=True)
class Explanation:
    """What a name means, which files of upstream have it, and the content of its file."""

    name: Name
    upstream: tuple[str, ...]
    file: FileContent | None

    def as_dict(self) -> dict[str, object]:
        """Return the output of --json."""
        return {
            "name": self.name.text,
            "upstream": list(self.upstream),
            "parts": [
                {"text": part.text, "kind": part.word.kind, "means": part.sentence}
                for part in self.name.parts
            ],
            "unknown": list(self.name.unknown),
            "file": self.file and self.file.as_dict(),
        }

    def lines(self) -> list[str]:
        """Return it as text."""
        parts = self.name.parts
        out = [f"  {part.word.kind:<9} {part.text:<16} {part.sentence}" for part in parts]
        out += [f"  unknown   {text}" for text in self.name.unknown]
        others = [f"  {place}" for place in self.upstream if place != self.name.text]
        if others:
            places = ["Upstream has it as:", *others]
        elif self.upstream:
            places = ["This is a file of upstream."]
        else:
            places = ["Upstream has no file of this name."]
        return [self.name.text, *out, "", *places, *(self.file.lines() if self.file else [])]


def explain(text: str, source: Path | None = None) -> Explanation:
    """Explain a name, a file, or a name whose file is in a checkout. Raises UsageError."""
    path = find(text, source)
    name = names.read(_from_upstream(path) if path else text)
    if not name.parts and not path:
        raise _unknown(text)
    places = upstream.places(name.text if path else text)
    return Explanation(name, places, _compared(path, name) if path else None)


def find(text: str, source: Path | None) -> Path | None:
    """Return a file, or the one of this name in a checkout. Raises UsageError for several."""
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
    """Return the part of a path that is below configs or demo, so that its folders are explained too."""
    parts = path.absolute().parts
    roots = [i for i, part in enumerate(parts) if part in ("configs", "demo")]
    return "/".join(parts[roots[-1] :]) if roots else path.name


def _unknown(text: str) -> UsageError:
    import difflib  # noqa: PLC0415  (only where a name is wrong)

    stems = sorted({path.rpartition("/")[2].removesuffix(".yaml") for path in upstream.PATHS})
    stem = Path(text).name.removesuffix(".yaml")
    close = difflib.get_close_matches(stem, stems, cutoff=_CLOSE) or stems[:3]
    return UsageError(
        f"{text} is neither a file nor a known form of a name.",
        "No part of it occurs in upstream's names.",
        f"Try one of: {', '.join(close)}.",
        code="config.unknown-name",
    )


def _compared(path: Path, name: Name) -> FileContent:
    try:
        read = content.load(path)
    except Unreadable as error:
        return FileContent(path, error, ())
    return FileContent(path, read, name_check.compare(name, read))


def summary(read: Content) -> dict[str, str]:
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
        f"{read.get('TRAIN.CHECKPOINT_FILE_PATH') or '(none)'}",
    }


def _backbone(read: Content) -> str:
    if str(read.get("MODEL.ARCH")).endswith("mvit"):
        return f"{read.get('MVIT.DEPTH')} blocks, width {read.get('MVIT.EMBED_DIM')}"
    if read.get("MODEL.ARCH") == "x3d":
        return f"X3D, depth factor {read.get('X3D.DEPTH_FACTOR')}"
    return f"ResNet-{read.get('RESNET.DEPTH')}"
