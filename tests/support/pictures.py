"""A recorded host: what was recorded as the output of programs, as the probe asks for it today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ansible_collections.slowfast.stack.plugins.module_utils._stack.host import (
    memory,
    parsers,
    probe,
)


class RecordedCalls:
    """Answers calls of the kernel by the programs that print the same; subclasses have ``run``."""

    def run(self, argv: Sequence[str], *, timeout_s: float = 10, text: str = "") -> memory.Answer:
        """Return the recorded answer of a program."""
        raise NotImplementedError

    def lasting(
        self, argv: Sequence[str], _files: Callable[[str], Iterable[str]] = lambda _output: ()
    ) -> memory.Answer:
        """Return the recorded answer: nothing is remembered."""
        return self.run(argv)

    def names(self, folder: str) -> list[str]:
        """Return what ``ls`` printed."""
        return self._output("ls", "-1", folder).split()

    def real(self, path: str) -> str | None:
        """Return what a link leads to, and a program that has an answer as itself."""
        found = self._output("readlink", "-e", path)
        if found or self.run(("test", "-e", path)).rc == 0:
            return found.strip() or path
        asked = self.run((path, "-I", "-c", parsers.PYTHON_QUESTION))
        return path if asked.rc is not None else None

    def inode(self, path: str) -> int | None:
        """Return what ``stat`` printed."""
        return int(self._output("stat", "-c", "%i", path).strip() or 0) or None

    def free_mib(self, path: str) -> int | None:
        """Return what ``df`` printed."""
        return parsers.disk_free_mib(self._output("df", "-Pm", path))

    def system(self) -> probe.System:
        """Return what ``uname`` and its relatives printed; uname prints the release first."""
        release, _space, machine = self._output("uname", "-mr").strip().partition(" ")
        return probe.System(
            machine,
            release,
            int(self._output("nproc").strip() or 1),
            self._output("id", "-u").strip() == "0",
            parsers.glibc(self._output("getconf", "GNU_LIBC_VERSION")),
        )

    def _output(self, *argv: str) -> str:
        answer = self.run(argv)
        return answer.stdout if answer.rc == 0 else ""
