"""A plan that someone hands over is met by the host exactly, or there is no plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.errors import StackError
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner import planner
from ansible_collections.slowfast.stack.plugins.module_utils._stack.planner.plan import NoPlan, Plan
from support.errors import fails
from support.plan_builder import FRESH, UNIT, host, plan_data, planned, refused

CASES = sorted((UNIT / "plans").glob("*.json"))
# What a plan does not say: where a torch is adopted from, what replaces the network or a mirror.
AGAIN = {"adopt_torch", "network", "sources"}


def data(made: Plan) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(made.to_dict()))
    return found


def kept(made: Plan) -> dict[str, Any]:
    """Return a plan without its reasons, which say where each choice comes from."""
    return {key: value for key, value in data(made).items() if key != "reasons"}


def test_the_plan_of_a_host_leads_to_itself() -> None:
    followed = 0
    for path in CASES:
        case = json.loads(path.read_text(encoding="utf-8"))
        there, request = host(case["host"], **case.get("change", {})), case.get("request", {})
        try:
            made = planner.plan(there, request)
        except StackError:
            continue
        if not isinstance(made, Plan):
            continue
        own = {key: value for key, value in request.items() if key in AGAIN}
        found = planned(there, {"planned": data(made), **own})
        assert kept(found) == kept(made), path.stem
        assert found.reasons[0].source == "the file"
        followed += 1
    assert followed > 100  # of 150 cases, 39 have no plan


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "another release of torch": ({"torch.version": "2.4.0"}, "2.4.0"),
    "an additional package": ({"packages": ["evil==1.0"]}, "evil==1.0"),
    "a patch less": ({"patches": []}, "the patches"),
    "another driver": ({"driver.branch": "555"}, "555"),
    "another toolkit": ({"cuda.toolkit": "12.6"}, "12.6"),
    "other flags of FFmpeg": ({"ffmpeg.flags": ["--enable-evil"]}, "--enable-evil"),
    "another stack": ({"id": "0" * 12}, "0" * 12),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_differs_is_refused_and_named(name: str) -> None:
    changes, word = CHANGES[name]
    found = refused(host(), {"planned": plan_data(changes=changes)})
    assert word in " ".join((*found.conflict.facts, *found.conflict.because))


def test_nothing_that_is_run_comes_out_of_the_file() -> None:
    own = planned(host())
    changes = {
        "driver.packages": ["evil"],
        "system_packages": ["evil"],
        "roles": ["evil"],
        "torch_wheels.requirements": ["evil==1.0"],
        "python_interpreter.path": "/tmp/evil",  # noqa: S108
    }
    found = planned(host(), {"planned": plan_data(changes=changes)})
    assert kept(found) == kept(own)


def test_an_option_that_differs_from_the_plan_is_refused() -> None:
    made = data(planned(host()))
    assert isinstance(planner.plan(host(), {"planned": made, "torch": "2.4.0"}), NoPlan)
    other = {"sources": {"slowfast": {"commit": "a" * 40}}}
    assert isinstance(planner.plan(host(), {"planned": made, **other}), NoPlan)


@pytest.mark.parametrize("url", ["ext::sh -c x", "--upload-pack=x", "https://a:b@c/d"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    made = data(planned(host()))
    made["sources"]["slowfast"]["url"] = url
    code = "data.secret-in-address" if "@" in url else "data.invalid-value"
    with fails(code, "request"):
        planner.plan(host(), {"planned": made})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"status": None}, "planner.not-a-plan"),
        ({"schema": 99, "status": "planned"}, "record.unsupported-schema"),
        (refused(host(), {"torch": "9.9"}).to_dict(), "planner.not-a-plan"),
    ],
)
def test_what_is_no_plan_is_refused(content: dict[str, Any], code: str) -> None:
    with fails(code):
        planner.plan(host(FRESH), {"planned": content})


VALUES = (
    None, True, -1, 10**30, 1.5, float("nan"), "", "x", "\x1b[31m", "a\nb", "../../etc", "-x", [], {},
    [None], {"a": None}, "9" * 5000, "\u0663", "ext::sh -c x", ">=1", "2.11.0 ; import os",
)  # fmt: skip


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value of a plan; of a list to the first two."""
    yield path
    rows: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        rows = value.items()
    elif isinstance(value, list):
        rows = enumerate(value[:2])
    for key, each in rows:
        yield from places(each, (*path, key))


def test_a_plan_with_any_other_value_is_met_or_refused() -> None:
    """Some 2,500 plans; nothing of them but the choice of this release is ever planned."""
    there, made = host(), data(planned(host()))
    own, tried = planned(there), 0
    for path in places({key: value for key, value in made.items() if key != "reasons"}):
        for value in VALUES if path else ():
            changed = json.loads(json.dumps(made))
            parent = changed
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = value
            tried += 1
            try:
                found = planner.plan(there, {"planned": changed})
            except StackError:
                continue
            if isinstance(found, Plan):  # such as one without FFmpeg
                assert (found.id, found.driver, found.cuda) == (own.id, own.driver, own.cuda), path
                assert set(found.system_packages) <= set(own.system_packages)
    assert tried > 2000
