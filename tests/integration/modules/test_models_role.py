"""The role models fetches a checkpoint once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from support import ROOT
from support.http import FileServer, serving
from support.stack_under_test import COMMAND

CHECKPOINT = ROOT / "tests/unit/models/checkpoints/caffe2-protocol-2.pyth"
MODEL = "kinetics400/SLOWFAST_8x8_R50.pkl"


def test_the_role_does_it_twice_and_changes_nothing_the_second_time(tmp_path: Path) -> None:
    wanted = {"model_zoo_models": [MODEL], "model_zoo_dir": str(tmp_path / "zoo")}
    play = str(COMMAND.with_name("ansible-playbook"))
    with serving(FileServer(CHECKPOINT.read_bytes())) as server:
        variables = json.dumps(wanted | {"model_zoo_mirror": server.address})
        argv = [play, "slowfast.stack.models", "-i", "inventories/local", "-e", variables]
        said = [
            subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False).stdout
            for _ in range(2)
        ]
    assert "changed=1" in said[0], said[0]
    assert "changed=0" in said[1], said[1]
    assert (tmp_path / "zoo" / MODEL).is_file()
