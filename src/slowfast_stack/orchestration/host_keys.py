"""Whose hosts' ssh keys are checked: everyone's, unless the user has said otherwise."""

from __future__ import annotations

import os

from slowfast_stack.orchestration import user_settings

VARIABLE = "ANSIBLE_HOST_KEY_CHECKING"
_KEYS = (("ssh_connection", "host_key_checking"), ("defaults", "host_key_checking"))
# A question of ssh, such as whether to accept a key, would wait unseen on the terminal of the run.
_NO_QUESTION = {"SSH_ASKPASS": "false", "SSH_ASKPASS_REQUIRE": "force"}


def settings() -> dict[str, str]:
    """Return the variables of a run. ansible-runner would turn the check off."""
    asked = user_settings.of(("ANSIBLE_SSH_HOST_KEY_CHECKING", VARIABLE), _KEYS)
    unseen = {} if "SSH_ASKPASS" in os.environ else _NO_QUESTION
    return {VARIABLE: "True" if asked is None else asked, **unseen}
