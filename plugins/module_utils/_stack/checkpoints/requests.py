"""Resolve the names of checkpoints to addresses and files."""

from __future__ import annotations

import difflib
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ..core import names
from ..core.errors import StackError
from ..core.redaction import redacted
from .fetch import Request
from .zoo import HOST, MODELS, Model, find

_BROWSER_ONLY = "https://drive.google.com"


class BadRequest(StackError):
    """A name that does not identify one checkpoint; nothing was downloaded."""


def request(name: str, folder: Path, mirror: str | None) -> Request:
    """Return the request for the name of a model, or for any address. Raises BadRequest."""
    models = find(name)
    model = _own(name) if not models and "://" in name else _only(name, models)
    if model.url.startswith(_BROWSER_ONLY):
        raise BadRequest(
            f"{model.id} has to be downloaded with a browser.",
            f"It is at {model.url}, which asks for consent first.",
            f"Save it as {folder / model.id}, then: slowfast-stack models check --checkpoint-dir {folder}",
            code="checkpoint.manual-download",
        )
    base = names.address(mirror, "mirror").rstrip("/") if mirror else HOST
    return Request(model.url.replace(HOST, base), redacted(model.url), folder, model.id)


def _own(url: str) -> Model:
    file = PurePosixPath(urlsplit(url).path).name
    if file in ("", ".."):
        raise BadRequest(
            f"{url} does not end in a file name.",
            "The file is saved under that name.",
            "Give the address of a checkpoint.",
            code="checkpoint.invalid-url",
        )
    return Model(file, "", "", "", "", "", "", url)


def _only(name: str, models: tuple[Model, ...]) -> Model:
    if len(models) == 1:
        return models[0]
    if models:
        listed = "\n".join(f"{model.id:<45} {model.config} {model.data}" for model in models)
        raise BadRequest(
            f"{name} is the name of {len(models)} checkpoints.",
            listed,
            "Use the ID of one.",
            code="checkpoint.ambiguous",
        )
    close = difflib.get_close_matches(name, [model.id for model in MODELS], cutoff=0.4)
    raise BadRequest(
        f"There is no checkpoint {name} in upstream's zoo.",
        f"Similar: {', '.join(close)}." if close else "No checkpoint has a similar name.",
        "See: slowfast-stack models list. You can also give a URL (https://...).",
        code="checkpoint.unknown",
    )
