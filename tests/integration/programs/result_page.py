"""Put results between the markers of a page: ``<!-- NAME -->`` and ``<!-- end of NAME -->``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def put(page: Path | None, name: str, lines: list[str]) -> None:
    """Write lines into the page, where one is given. Raises ValueError without the markers."""
    if page is None:
        return
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.read_text().partition(begin)
    _old, also, after = rest.partition(end)
    if not (found and also):
        message = f"{page} has no place for {name}"
        raise ValueError(message)
    page.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n\n{end}{after}")
