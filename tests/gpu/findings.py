"""What was found: as JSON for programs and as a Markdown table for people."""

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


class Findings:
    """Steps with their seconds, figures and claims; both files are written after each step."""

    def __init__(self, out: Path, *, rehearsal: bool) -> None:
        """Write into ``out``."""
        self.out, self.log = out, out / "acceptance.log"
        self.log.unlink(missing_ok=True)
        now = datetime.now(timezone.utc)  # noqa: UP017  (datetime.UTC is of Python 3.11)
        self.told: dict[str, Any] = {
            "schema": 1,
            "date": now.strftime("%Y-%m-%d %H:%M UTC"),
            "rehearsal": rehearsal,
            "steps": [],
            "figures": [],
            "claims": [],
        }

    @property
    def ok(self) -> bool:
        """Tell whether every step and every claim went well."""
        return all(step["ok"] for step in self.told["steps"]) and all(
            claim["ok"] is not False for claim in self.told["claims"]
        )

    def step(self, name: str, act: Callable[[], None]) -> None:
        """Do one step; one that fails is told, and the others go on."""
        started, cause = time.monotonic(), ""
        try:
            act()
        except parts.Failed as error:
            cause = str(error)
        except Exception:  # noqa: BLE001  (the machine is lent for minutes: the next step is tried)
            cause = traceback.format_exc()
        row = {"name": name, "ok": not cause, "seconds": round(time.monotonic() - started, 1)}
        self.told["steps"].append({**row, "why": cause} if cause else row)
        self.write()

    def tell(self, message: str, figure: str) -> None:
        """Add a figure."""
        self.told["figures"].append({"what": message, "figure": figure})

    def claims(self, claims: list[dict[str, Any]]) -> None:
        """Add what the proof measured."""
        self.told["claims"] = claims

    def write(self) -> str:
        """Write both files and return the Markdown."""
        text = "\n".join(self._lines()) + "\n"
        (self.out / "figures.json").write_text(json.dumps(self.told, indent=1), encoding="utf-8")
        (self.out / "figures.md").write_text(text, encoding="utf-8")
        return text

    def _lines(self) -> list[str]:
        told = self.told
        title = "Rehearsal on a processor: no GPU was used" if told["rehearsal"] else "On a GPU"
        lines = [f"## {title}, {told['date']}", "", "| what | figure |", "|---|---|"]
        lines += [f"| {row['what']} | {row['figure']} |" for row in told["figures"]]
        lines += ["", "| step | s | |", "|---|--:|---|"]
        for row in told["steps"]:
            said = "ok" if row["ok"] else _cell(row["why"])
            lines.append(f"| {row['name']} | {row['seconds']} | {said} |")
        lines += ["", "| claim | measured | s | |", "|---|---|--:|---|"]
        words = {True: "ok", False: "failed", None: "skipped"}
        for row in told["claims"]:
            cells = (row["id"], _cell(str(row["measured"])), row["seconds"], words[row["ok"]])
            lines.append("| {} | {} | {} | {} |".format(*cells))
        return lines


def _cell(text: str) -> str:
    """Return the end of a text as one cell of a table."""
    return " ".join(text.split())[-300:].replace("|", "\\|")
