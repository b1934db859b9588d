"""Hosts of an inventory as nodes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from support.errors import fails

from slowfast_stack.orchestration import nodes
from slowfast_stack.orchestration.inventory import Inventory


def inventory(hosts: dict[str, dict[str, Any]], **groups: dict[str, Any]) -> Inventory:
    return Inventory({"_meta": {"hostvars": hosts}, **groups})


def test_a_group_has_the_hosts_of_its_groups_each_once() -> None:
    listed = inventory(
        {},
        all={"children": ["ungrouped", "outer"]},
        outer={"hosts": ["a"], "children": ["inner", "outer", "_meta"]},
        inner={"hosts": ["b", "a"], "children": ["outer"]},
    )
    assert listed.hosts("outer") == ["a", "b"]
    assert listed.hosts() == ["a", "b"]
    assert listed.hosts("none") == []
    assert listed.groups == ["all", "inner", "outer"]


def test_a_group_without_hosts_is_an_error_that_names_the_others() -> None:
    with fails("inventory.no-host", "nodes has no host", "gpu"):
        nodes.of_group(inventory({}, gpu={"hosts": ["a"]}), "nodes")


def test_ssh_gets_what_the_inventory_says() -> None:
    variables = {
        "ansible_host": "10.0.0.1",
        "ansible_port": 2222,
        "ansible_user": "me",
        "ansible_ssh_private_key_file": "/keys/a b",
        "ansible_ssh_common_args": "-o 'ProxyCommand=nc %h'",
    }
    (node,) = nodes.of_group(inventory({"a": variables}, g={"hosts": ["a"]}), "g")
    argv = node.command(["echo", "a b; id"])
    assert argv[0] == "ssh"
    assert argv[-3:] == ["--", "10.0.0.1", "echo 'a b; id'"]
    given = list(itertools.pairwise(argv))
    assert {("-p", "2222"), ("-l", "me"), ("-i", "/keys/a b"), ("-o", "ProxyCommand=nc %h")} <= set(
        given
    )
    assert ("-o", "BatchMode=yes") in given


def test_a_local_node_is_this_machine() -> None:
    variables = {"ansible_connection": "local"}
    (node,) = nodes.of_group(inventory({"a": variables}, g={"hosts": ["a"]}), "g")
    assert node.address == "127.0.0.1"
    assert node.command(["true"]) == ["sh", "-c", "true"]


@pytest.mark.parametrize(
    "variables",
    [{"ansible_connection": "podman"}, {"ansible_host": "{{ address }}"}],
)
def test_a_host_that_ssh_cannot_reach_is_no_node(variables: dict[str, Any]) -> None:
    with fails("training.unsupported-node", "a"):
        nodes.of_group(inventory({"a": variables}, g={"hosts": ["a"]}), "g")
