"""The inventories of the house, read by Ansible itself as in a fresh clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from support import ROOT
from support.http import listening

SCRIPT = ROOT / "inventories/scaleway/servers.py"
SCALEWAY = {name for name in os.environ if name.startswith("SCW_")}


def ansible(name, *arguments, **variables):
    clean = {key: value for key, value in os.environ.items() if key not in SCALEWAY}
    return subprocess.run(
        [str(Path(sys.executable).with_name(name)), *arguments],
        cwd=ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def listed(inventory, **variables):
    done = ansible("ansible-inventory", "--list", "-i", inventory, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_the_site_lists_the_hosts_of_scaleway_and_refuses_a_mistyped_inventory():
    listing = ("site.yml", "--list-hosts", "-i")
    done = ansible("ansible-playbook", *listing, "scaleway")
    assert done.returncode == 0, done.stderr
    assert "h100-1" in done.stdout
    assert ansible("ansible-playbook", *listing, "scalway").returncode != 0


def test_the_command_refuses_a_mistyped_inventory_and_guesses_what_was_meant(stack):
    mistyped = str(ROOT / "inventories/scalway")
    done = stack.run("up", "-i", mistyped, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["message"] == f"There is no inventory {mistyped}."
    assert "Did you mean -i " in done.stderr
    assert "inventories/scaleway?" in done.stderr


def test_an_inventory_that_cannot_be_read_is_an_error(stack, tmp_path):
    (tmp_path / "hosts.yml").write_text("all: {hosts: [}")
    done = stack.run("up", "-i", str(tmp_path / "hosts.yml"), "--yes")
    assert done.returncode == 2
    assert "error[inventory.no-host]" in done.stderr
    assert "could not parse" in done.stderr


def test_the_local_inventory_runs_with_the_python_of_ansible():
    hosts, _ = listed("inventories/local")
    assert hosts["ungrouped"]["hosts"] == ["localhost"]
    assert hosts["_meta"]["hostvars"]["localhost"]["ansible_connection"] == "local"


def test_the_example_fleet_asks_for_a_gpu_where_there_should_be_one():
    hosts, _ = listed("inventories/example")
    variables = hosts["_meta"]["hostvars"]
    assert set(variables) == {"h100-1", "h100-2", "a100-hgx", "builder"}
    assert variables["a100-hgx"]["stack_request"]["gpu_required"] is True
    assert "gpu_required" not in variables["builder"]["stack_request"]


def test_without_a_key_scaleway_lists_what_is_written_and_says_what_it_needs():
    hosts, result = listed("scaleway")
    assert hosts["h100"]["hosts"] == ["h100-1"]
    assert hosts["_meta"]["hostvars"]["h100-1"]["ansible_user"] == "root"
    assert "SCW_SECRET_KEY is not set" in result


def server(name, kind, number):
    return {
        "id": f"{number:08}-aaaa",
        "name": name,
        "commercial_type": kind,
        "zone": "fr-par-2",
        "public_ips": [{"address": f"198.51.100.{number % 250}"}],
        "public_ip": None,
        "private_ip": None,
    }


FLEET = [server("train", "H100-1-80G", 1), server("train", "H100-SXM-8-80G", 2)]
FLEET += [server(f"l4-{number}", "L4-1-24G", number) for number in range(3, 153)]


class Scaleway(BaseHTTPRequestHandler):
    """The one call of the API that the script makes, with its paging and its refusal."""

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        known = self.headers["X-Auth-Token"] == "right"
        asked = query["tags"], query["state"], query["project"]
        fits = "/zones/fr-par-2/" in url.path and asked == ("slowfast", "running", "p1")
        page, size = int(query["page"]), int(query["per_page"])
        body = {"servers": FLEET[(page - 1) * size : page * size] if fits else []}
        self.send_response(200 if known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_arguments):
        """Say nothing."""


def test_with_a_key_tagged_servers_join_the_group_of_their_gpu():
    with listening(Scaleway) as url:
        variables = {"SCW_SECRET_KEY": "right", "SCW_DEFAULT_PROJECT_ID": "p1", "SCW_API_URL": url}
        hosts, result = listed("scaleway", **variables)
    assert result == ""
    assert hosts["h100"]["hosts"] == ["h100-1", "train-00000001", "train-00000002"]
    assert len(hosts["l4"]["hosts"]) == 150
    assert {"h100", "l4"} <= set(hosts["scaleway"]["children"])
    train = hosts["_meta"]["hostvars"]["train-00000002"]
    assert train["ansible_host"] == "198.51.100.2"
    assert train["ansible_user"] == "root"
    assert train["stack_request"] == {"gpu_required": True}


def test_a_wrong_key_is_an_error_that_names_it():
    with listening(Scaleway) as url:
        variables = {"SCW_SECRET_KEY": "wrong", "SCW_DEFAULT_PROJECT_ID": "p1", "SCW_API_URL": url}
        done = ansible("python", str(SCRIPT), "--list", **variables)
    assert done.returncode != 0
    assert "Check SCW_SECRET_KEY" in done.stderr


class Elsewhere(BaseHTTPRequestHandler):
    """A server that keeps what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(f"{self.path} {self.headers}")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"servers": []}')

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_of_scaleway_follows_no_redirect(status):
    Elsewhere.asked.clear()
    with listening(Elsewhere) as other:

        class Redirect(Elsewhere):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Location", f"{other.replace('127.0.0.1', 'localhost')}/x")
                self.end_headers()

        with listening(Redirect) as url:
            variables = {"SCW_SECRET_KEY": "canary-key", "SCW_API_URL": url}
            done = ansible("python", str(SCRIPT), "--list", **variables)
    assert done.returncode != 0
    assert f"answered {status}" in done.stderr
    assert "canary-key" not in done.stdout + done.stderr
    assert Elsewhere.asked == []


@pytest.mark.parametrize("api", ["http://api.example.org", "ftp://a", "https://ivy:pw-canary@a"])
def test_the_key_of_scaleway_is_sent_over_https_alone(api):
    variables = {"SCW_SECRET_KEY": "canary-key", "SCW_API_URL": api}
    done = ansible("python", str(SCRIPT), "--list", **variables)
    assert done.returncode == 1
    assert "SCW_API_URL" in done.stderr
    assert "canary" not in done.stdout + done.stderr
