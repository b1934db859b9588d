"""Record the results as JSON and as a Markdown table."""

from __future__ import annotations

import json
import time
import traceback
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Results:
    """Steps with their seconds, figures and claims; both files are written after each step."""

    def __init__(self, out: Path, *, rehearsal: bool) -> None:
        """Write into ``out``."""
        self.out, self.log = out, out / "acceptance.log"
        self.log.unlink(missing_ok=True)
        now = datetime.now(timezone.utc)  # noqa: UP017  (datetime.UTC is of Python 3.11)
        self.data: dict[str, Any] = {
            "schema": 1,
            "date": now.strftime("%Y-%m-%d %H:%M UTC"),
            "rehearsal": rehearsal,
            "steps": [],
            "figures": [],
            "claims": [],
        }

    @property
    def ok(self) -> bool:
        """Return whether every step and every claim passed."""
        return all(step["ok"] for step in self.data["steps"]) and all(
            claim["ok"] is not False for claim in self.data["claims"]
        )

    def step(self, name: str, act: Callable[[], None]) -> None:
        """Run one step; a failure is recorded and does not stop the next step."""
        started, cause = time.monotonic(), ""
        try:
            act()
        except parts.Failed as error:
            cause = str(error)
        except Exception:  # noqa: BLE001  (the machine is available for minutes only: continue with the next step)
            cause = traceback.format_exc()
        row = {"name": name, "ok": not cause, "seconds": round(time.monotonic() - started, 1)}
        self.data["steps"].append({**row, "why": cause} if cause else row)
        self.write()

    def add(self, message: str, figure: str) -> None:
        """Add a figure."""
        self.data["figures"].append({"what": message, "figure": figure})

    def claims(self, claims: list[dict[str, Any]]) -> None:
        """Set the claims of the proof."""
        self.data["claims"] = claims

    def write(self) -> str:
        """Write both files and return the Markdown."""
        text = "\n".join(self._lines()) + "\n"
        (self.out / "figures.json").write_text(json.dumps(self.data, indent=1), encoding="utf-8")
        (self.out / "figures.md").write_text(text, encoding="utf-8")
        return text

    def _lines(self) -> list[str]:
        data = self.data
        title = "Rehearsal on a processor: no GPU was used" if data["rehearsal"] else "On a GPU"
        lines = [f"## {title}, {data['date']}", "", "| what | figure |", "|---|---|"]
        lines += [f"| {row['what']} | {row['figure']} |" for row in data["figures"]]
        lines += ["", "| step | s | |", "|---|--:|---|"]
        for row in data["steps"]:
            status = "ok" if row["ok"] else _cell(row["why"])
            lines.append(f"| {row['name']} | {row['seconds']} | {status} |")
        lines += ["", "| claim | measured | s | |", "|---|---|--:|---|"]
        words = {True: "ok", False: "failed", None: "skipped"}
        for row in data["claims"]:
            cells = (row["id"], _cell(str(row["measured"])), row["seconds"], words[row["ok"]])
            lines.append("| {} | {} | {} | {} |".format(*cells))
        return lines


def _cell(text: str) -> str:
    """Return the last 300 characters of a text as a table cell."""
    return " ".join(text.split())[-300:].replace("|", "\\|")
