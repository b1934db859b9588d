"""One version everywhere."""

from __future__ import annotations

import tomllib

import yaml
from support import ROOT

import slowfast_stack


def test_the_version_is_the_same_everywhere():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert galaxy["version"] == project["project"]["version"] == slowfast_stack.__version__
