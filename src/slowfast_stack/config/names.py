"""Parse the name of a configuration into its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from slowfast_stack.config.name_tokens import FOLDERS, MODEL, SIZES, WORDS, Word

FRAME_RATE = 30  # upstream's DATA.TARGET_FPS


@dataclass(frozen=True)
class Part:
    """A known part of a name."""

    word: Word
    text: str
    groups: dict[str, str]
    sentence: str

    def number(self, group: str) -> int:
        """Return a group as a number."""
        return int(self.groups[group])


@dataclass(frozen=True)
class Name:
    """A parsed name: the parts that are known, and the rest."""

    text: str
    parts: tuple[Part, ...]
    unknown: tuple[str, ...]

    def part(self, *ids: str) -> Part | None:
        """Return the first part that is one of these words."""
        return next((part for part in self.parts if part.word.id in ids), None)

    @property
    def model(self) -> str:
        """Return the model's word, or an empty text."""
        return next((part.word.id for part in self.parts if part.word.kind == MODEL), "")


def read(text: str) -> Name:
    """Parse a name or a path: ``SLOWFAST_8x8_R50``, ``configs/AVA/c2/SLOW_8x8_R50.yaml``."""
    path = PurePosixPath(text)
    stem = path.name.removesuffix(".yaml").removesuffix(".yml")
    found, unknown = _scan(stem)
    folders = [_folder(name) for name in path.parts[:-1]]
    known = [part for part in folders if part is not None]
    return Name(text, tuple(_with_context([*known, *found])), tuple(unknown))


def _folder(name: str) -> Part | None:
    word = next((row for row in FOLDERS if re.fullmatch(row.pattern, name, re.IGNORECASE)), None)
    return Part(word, name, {}, word.sentence) if word and word.sentence else None


def _scan(stem: str) -> tuple[list[Part], list[str]]:
    found, unknown, place = [], [], 0
    while place < len(stem):
        part = _part_at(stem, place)
        if part is None:
            rest = re.compile(r"[^_]*").match(stem, place)
            text = rest.group() if rest else stem[place:]
            unknown.append(text)
        else:
            found.append(part)
            text = part.text
        place += len(text)
        place += stem[place : place + 1] == "_"
    return found, unknown


def _part_at(stem: str, place: int) -> Part | None:
    for word in WORDS:
        glued = "" if word.id == "slow" else r"(?=_|$)"
        match = re.compile(f"(?:{word.pattern}){glued}", re.IGNORECASE).match(stem, place)
        if match:
            groups = match.groupdict()
            return Part(word, match.group(), groups, word.sentence.format(**groups))
    return None


def _with_context(parts: list[Part]) -> list[Part]:
    """Fill in the sentences that depend on the rest of the name."""
    models = [part.word.id for part in parts if part.word.kind == MODEL]
    model = models[0] if models else ""
    explained = {"clip": _clip, "size": _size}
    return [
        Part(part.word, part.text, part.groups, explained[part.word.id](part, model))
        if part.word.id in explained
        else part
        for part in parts
    ]


def _clip(part: Part, model: str) -> str:
    frames, stride = part.number("frames"), part.number("stride")
    seconds = frames * stride / FRAME_RATE
    basis = f"{frames} frames, one in {stride}: {seconds:.1f} s at {FRAME_RATE} frames per second"
    if model != "slowfast":
        return f"{basis}."
    if stride <= 2:  # noqa: PLR2004  (upstream's fast pathway takes each second frame)
        return f"{basis}; the full clip, which the fast pathway sees and the slow one thins."
    return f"{basis}; what the slow pathway sees. The fast one sees the same time more densely."


def _size(part: Part, model: str) -> str:
    size = SIZES[part.text.lower()]
    return f"Size {part.text}: {size}{f' {model.upper()}' if model else ''}."
