"""The audit of a stack and of an SBOM, from the command line to the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support import small_stack
from support.osv_records import affected, event, record, sbom
from support.stack_under_test import COMMAND

# Nothing listens there.
REFUSED = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
}
FAULT = record(
    affected(event(introduced="0"), event(fixed="1.18"), name="six"),
    summary="Escape \x1b[2Jthe [red]terminal",
    aliases=["CVE-2026-1"],
    database_specific={"severity": "MODERATE"},
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **REFUSED}
    argv = [str(COMMAND), "audit", *arguments]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def put(path: Path, data: object) -> str:
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


@pytest.fixture
def six(tmp_path: Path) -> str:
    return put(tmp_path / "sbom.json", sbom("pkg:pypi/six@1.17.0", "pkg:deb/debian/zlib1g@1"))


@pytest.mark.parametrize(
    ("version", "options", "code"),
    [("1.18", (), 0), ("1.17.0", (), 1), ("1.17.0", ("--fail-on", "high"), 0)],
)
def test_the_exit_code_says_whether_anything_was_found(
    tmp_path: Path, version: str, options: tuple[str, ...], code: int
) -> None:
    listed = put(tmp_path / "sbom.json", sbom(f"pkg:pypi/six@{version}"))
    done = run(listed, "--osv", put(tmp_path / "osv.json", FAULT), *options)
    assert done.returncode == code, done.stderr
    assert "1 of 1 components" in done.stdout


def test_text_of_a_database_does_not_steer_the_terminal(six: str, tmp_path: Path) -> None:
    done = run(six, "--osv", put(tmp_path / "osv.json", FAULT))
    assert "\x1b" not in done.stdout
    assert r"Escape \x1b[2Jthe [red]terminal" in done.stdout


def test_a_network_that_is_refused_is_not_clean(six: str) -> None:
    done = run(six, "--json")
    assert done.returncode == 4
    assert "audit.nothing-looked-up" in done.stderr
    (found,) = json.loads(done.stdout)["audits"].values()
    assert found["looked_up"] == []
    reasons = {row["name"]: row["reason"] for row in found["not_looked_up"]}
    assert reasons["six"].startswith("PyPI did not answer")


def test_a_database_without_a_record_of_pypi_is_not_clean(six: str, tmp_path: Path) -> None:
    npm = record(affected(event(introduced="0"), ecosystem="npm"))
    done = run(six, "--osv", put(tmp_path / "osv.json", npm))
    assert done.returncode == 4
    assert "audit.nothing-looked-up" in done.stderr


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answer as OSV does: six is affected, broken fails, and nothing else is known."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(query)
            name = query["package"]["name"]
            body = json.dumps({"vulns": [FAULT]} if name == "six" else {}).encode()
            self.send_response(500 if name == "broken" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}/v1/query", asked
        found.shutdown()


def test_pip_audit_asks_a_server(server: tuple[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    address, asked = server
    purls = ("pkg:pypi/six@1.17.0", "pkg:pypi/six@1.16.0", "pkg:pypi/torch@2.4.1%2Bcu124")
    done = run(put(tmp_path / "sbom.json", sbom(*purls)), "--service", address, "--json")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["audits"].values()
    assert sorted(found["looked_up"]) == sorted(purls)
    rows = [(row["version"], row["ids"], row["fixed"]) for row in found["findings"]]
    assert rows == [
        ("1.16.0", ["CVE-2026-1", "GHSA-0"], ["1.18"]),
        ("1.17.0", ["CVE-2026-1", "GHSA-0"], ["1.18"]),
    ]
    versions = {(query["package"]["name"], query["version"]) for query in asked}
    assert versions == {("six", "1.17.0"), ("six", "1.16.0"), ("torch", "2.4.1")}


def test_a_server_that_fails_is_not_clean(
    server: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    listed = put(tmp_path / "sbom.json", sbom("pkg:pypi/broken@1"))
    assert run(listed, "--service", server[0]).returncode == 4


def test_a_stack_is_audited(tmp_path: Path) -> None:
    made = small_stack.proven(tmp_path / "prefix")
    done = run(
        "--prefix", str(made.home.parents[1]), "--osv", put(tmp_path / "osv.json", FAULT), "--json"
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)["audits"]["localhost"]
    assert [row["package"] for row in found["findings"]] == ["six"]
    names = {row["name"] for row in found["not_looked_up"]}
    assert {"ffmpeg", "slowfast", "libgomp"} <= names
    assert found["native_libraries"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--service", "other"), "cli.unknown-value"),
        (("--service", "http://example.org/"), "cli.unknown-value"),
        (("--fail-on", "severe"), "cli.unknown-value"),
        (("SBOM", "--prefix", "/x"), "cli.conflicting-options"),
        (("SBOM", "--osv", "/nowhere"), "file.not-found"),
        (("/nowhere"), "file.not-found"),
    ],
)
def test_wrong_use_is_refused(six: str, arguments: tuple[str, ...], code: str) -> None:
    done = run(*(six if word == "SBOM" else word for word in arguments))
    assert done.returncode == 2
    assert code in done.stderr
