"""Say an explanation in words."""

from __future__ import annotations

from typing import Any


def lines(told: dict[str, Any]) -> list[str]:
    """Return what people read."""
    out = [told["name"]]
    out += [f"  {part['kind']:<9} {part['text']:<16} {part['means']}" for part in told["parts"]]
    out += [f"  not known {text}" for text in told["unknown"]]
    others = [place for place in told["upstream"] if place != told["name"]]
    out += ["", *_places(told, others)]
    return [*out, *_file(told["file"])] if told["file"] else out


def _places(told: dict[str, Any], others: list[str]) -> list[str]:
    if others:
        return ["Upstream has it as:", *(f"  {place}" for place in others)]
    if told["upstream"]:
        return ["This is a file of upstream."]
    return ["Upstream has no file of this name."]


def _file(read: dict[str, Any]) -> list[str]:
    out = ["", f"The file {read['path']}"]
    if read["error"]:
        return [*out, f"  cannot be read: {read['error']}"]
    out += [f"  {message:<11}{value}" for message, value in read["says"].items()]
    out += [
        f"  {'refused' if row['fatal'] else 'note'}: {row['message']}" for row in read["problems"]
    ]
    different = [row for row in read["comparison"] if not row["agrees"]]
    out += [_difference(row) for row in different]
    agreeing = len(read["comparison"]) - len(different)
    return [*out, f"  {agreeing} of {len(read['comparison'])} claims of the name agree."]


def _difference(row: dict[str, Any]) -> str:
    part = row["part"] or "the name"
    return f"  differs: {part} says {row['name_says']}; the file says {row['file_says']}"
