"""Options that modules for AVA-style data sets have in common, as the fragment ``ava`` documents them."""

from __future__ import annotations

ROOT: dict[str, object] = {"root": {"type": "path", "required": True}}
RELEASE: dict[str, object] = {
    "release": {"type": "str", "choices": ["2.1", "2.2"], "default": "2.2"}
}
VIDEOS: dict[str, object] = {
    "only": {"type": "list", "elements": "str", "default": []},
    "disk_check": {"type": "bool", "default": True},
    "shard": {"type": "int", "default": 0},
    "shards": {"type": "int", "default": 1},
    "start": {"type": "int"},
    "frames": {"type": "int"},
    "ffmpeg": {"type": "str", "default": "ffmpeg"},
    "ffprobe": {"type": "str", "default": "ffprobe"},
}
