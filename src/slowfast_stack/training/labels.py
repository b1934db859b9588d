"""Read class names from any usual format and write them in the one that upstream reads.

Upstream reads JSON ``{name: index}`` with an index for each output of the model, from 0. AVA's own
label map counts from 1 and omits the actions that are not evaluated.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ansible_collections.slowfast.stack.plugins.module_utils._stack.core.validation import (
    parse_json,
)
from slowfast_stack.exit_codes import UsageError

if TYPE_CHECKING:
    from pathlib import Path

_ITEM = re.compile(r'name:\s*"([^"]*)"\s*(?:id|label_id):\s*(\d+)')
_FORMS = "JSON {name: index}, one name in a line, or AVA's label map (.pbtxt)."

# In the order of their ids 1 to 80: ava_action_list_v2.2, checked 2026-11-23 against the list of
# tensorflow/models, official/vision (spatiotemporal action localization).
_AVA = """
bend/bow (at the waist); crawl; crouch/kneel; dance; fall down; get up; jump/leap; lie/sleep;
martial art; run/jog; sit; stand; swim; walk; answer phone; brush teeth; carry/hold (an object);
catch (an object); chop; climb (e.g., a mountain); clink glass; close (e.g., a door, a box); cook;
cut; dig; dress/put on clothing; drink; drive (e.g., a car, a truck); eat; enter; exit; extract;
fishing; hit (an object); kick (an object); lift/pick up; listen (e.g., to music);
open (e.g., a window, a car door); paint; play board game; play musical instrument;
play with pets; point to (an object); press; pull (an object); push (an object); put down; read;
ride (e.g., a bike, a car, a horse); row boat; sail boat; shoot; shovel; smoke; stir;
take a photo; text on/look at a cellphone; throw; touch (an object); turn (e.g., a screwdriver);
watch (e.g., TV); work on a computer; write; fight/hit (a person);
give/serve (an object) to (a person); grab (a person); hand clap; hand shake; hand wave;
hug (a person); kick (a person); kiss (a person); lift (a person); listen to (a person);
play with kids; push (another person); sing to (e.g., self, a person, a group);
take (an object) from (a person); talk to (e.g., self, a person, a group); watch (a person)
"""
AVA_ACTIONS = tuple(name.strip() for name in _AVA.split(";"))


def text(path: Path | None, classes: int) -> str:
    """Return the JSON for so many classes; without a file AVA's names, or numbers."""
    if path is not None:
        named = _read(path)
    elif classes == len(AVA_ACTIONS):
        named = {name: index for index, name in enumerate(AVA_ACTIONS)}
    else:
        named = {}
    high = max(named.values(), default=0)
    if high >= classes:
        raise UsageError(
            f"{path} names the class {high}.",
            f"The model has {classes} classes, counted from 0.",
            "Give the labels of this model.",
            code="demo.invalid-labels",
        )
    rest = set(range(classes)) - set(named.values())
    return json.dumps(named | {f"class {index}": index for index in sorted(rest)})


def _read(path: Path) -> dict[str, int]:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "It is not text.") from error
    items = _ITEM.findall(content)
    if items:
        return {name: int(number) - 1 for name, number in items}
    if content.lstrip().startswith(("{", "[")):
        return _from_json(path, content)
    names = [line.strip() for line in content.splitlines() if line.strip()]
    if not names:
        raise _unreadable(path, "It is empty.")
    return {name: index for index, name in enumerate(names)}


def _from_json(path: Path, content: str) -> dict[str, int]:
    try:
        found = parse_json(content)
    except ValueError as error:
        raise _unreadable(path, f"{error}.") from error
    if isinstance(found, list):
        found = {str(name): index for index, name in enumerate(found)}
    if not all(type(index) is int and index >= 0 for index in found.values()):
        raise _unreadable(path, "An index in it is no number from 0.")
    return {str(name): index for name, index in found.items()}


def _unreadable(path: Path, cause: str) -> UsageError:
    return UsageError(
        f"{path} holds no labels.", cause, f"Give {_FORMS}", code="demo.invalid-labels"
    )
