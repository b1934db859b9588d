#!/usr/bin/env python3
"""Add the running Scaleway servers that carry the tag "slowfast" (an Ansible inventory script).

Needs SCW_SECRET_KEY and, unless the key sees one project only, SCW_DEFAULT_PROJECT_ID in the
environment; SCW_DEFAULT_ZONE narrows the search to one zone. Without a key it adds nothing and says
so. The key is sent to the API alone: over https, but for a server on this machine, and to no address
that an answer names. Standard library only. The group of a server is the first part of its
commercial type: "h100".
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TAG = "slowfast"
API = "https://api.scaleway.com"
ZONES = (
    *("fr-par-1", "fr-par-2", "fr-par-3"),
    *("nl-ams-1", "nl-ams-2", "nl-ams-3"),
    *("pl-waw-1", "pl-waw-2", "pl-waw-3"),
)
PER_PAGE = 100
NEEDS = (
    "Servers at Scaleway were not looked up, because SCW_SECRET_KEY is not set: only the hosts of"
    " hosts.yml are listed. To add them, set SCW_SECRET_KEY and SCW_DEFAULT_PROJECT_ID, and"
    f" tag the servers with {TAG!r}."
)

Server = dict[str, Any]


def main() -> None:
    """Print the inventory for ``--list``; it contains all host variables."""
    found = servers(dict(os.environ)) if "--list" in sys.argv else []
    json.dump(inventory(found), sys.stdout, indent=2)


def servers(environment: dict[str, str]) -> list[Server]:
    """List tagged servers of all zones. Exit where the Scaleway API refuses the request."""
    key = environment.get("SCW_SECRET_KEY")
    if not key:
        sys.stderr.write(NEEDS)
        return []
    zones = [environment["SCW_DEFAULT_ZONE"]] if environment.get("SCW_DEFAULT_ZONE") else ZONES
    query = {"tags": TAG, "state": "running", "per_page": str(PER_PAGE)}
    if environment.get("SCW_DEFAULT_PROJECT_ID"):
        query["project"] = environment["SCW_DEFAULT_PROJECT_ID"]
    api = _safe(environment.get("SCW_API_URL") or API)
    with ThreadPoolExecutor(len(zones)) as pool:
        pages = pool.map(lambda zone: _of_zone(api, key, zone, query), zones)
        return [server for page in pages for server in page]


def inventory(found: list[Server]) -> dict[str, Any]:
    """Return the inventory for Ansible; servers with equal names get their ids as a suffix."""
    names = [server["name"] for server in found]
    groups: dict[str, Any] = {}
    hosts = {}
    for server in found:
        name = server["name"]
        if names.count(name) > 1:
            name = f"{name}-{server['id'][:8]}"
        kind = server["commercial_type"].partition("-")[0].lower()
        groups.setdefault(kind, {"hosts": []})["hosts"].append(name)
        hosts[name] = {
            "ansible_host": _address(server),
            "scaleway_type": server["commercial_type"],
            "scaleway_zone": server["zone"],
        }
    parents = {"scaleway": {"children": sorted(groups)}} if groups else {}
    return {"_meta": {"hostvars": hosts}, **groups, **parents}


def _of_zone(api: str, key: str, zone: str, query: dict[str, str]) -> list[Server]:
    found: list[Server] = []
    page = 1
    while True:
        parameters = urllib.parse.urlencode({**query, "page": str(page)})
        answer = _get(f"{api}/instance/v1/zones/{zone}/servers?{parameters}", key)["servers"]
        found += answer
        if len(answer) < PER_PAGE:
            return found
        page += 1


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Take a redirect as the error that it is: the API sends none, and the key is not for others."""

    def redirect_request(self, *_args: object, **_options: object) -> None:
        return None


def _safe(api: str) -> str:
    """Return the address of the API. Exit where it would send the key in clear text."""
    parts = urllib.parse.urlsplit(api)
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if "@" in parts.netloc or not (here or parts.scheme == "https"):
        sys.exit("SCW_API_URL is not used: give https://HOST without a user and a password.")
    return api


def _get(url: str, key: str) -> dict[str, Any]:
    request = urllib.request.Request(url)  # noqa: S310  (see _safe)
    request.add_unredirected_header("X-Auth-Token", key)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=15) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        hint = " Check SCW_SECRET_KEY." if error.code in (401, 403) else ""
        sys.exit(f"Scaleway answered {error.code} {error.reason} to {url}.{hint}")
    except (urllib.error.URLError, TimeoutError) as error:
        sys.exit(f"Scaleway could not be asked ({url}): {error}. Check the network.")


def _address(server: Server) -> str | None:
    public = [*(server.get("public_ips") or []), *filter(None, [server.get("public_ip")])]
    return public[0]["address"] if public else server.get("private_ip")


if __name__ == "__main__":
    main()
