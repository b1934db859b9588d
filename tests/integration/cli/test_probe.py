"""`probe` of this machine, for people and for programs."""

from __future__ import annotations

import json
import subprocess

from support.stack_under_test import COMMAND


def test_this_machine_is_reported_in_words():
    done = subprocess.run([str(COMMAND), "probe"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"GPU", "driver", "Pythons", "disk"} <= set(done.stdout.split())


def test_this_machine_is_reported_as_json():
    done = subprocess.run(
        [str(COMMAND), "probe", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["hosts"]["localhost"]["cores"] > 0
