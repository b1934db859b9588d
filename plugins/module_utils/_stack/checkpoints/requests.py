"""Turn what a person asks for into addresses and files."""

from __future__ import annotations

import difflib
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ..core.errors import StackError
from .fetch import Wish
from .zoo import HOST, MODELS, Model, find

_BROWSER_ONLY = "https://drive.google.com"


class Unwished(StackError):
    """A name that no one checkpoint has; nothing was fetched."""

    exit_code = 2  # used wrongly


def wish(name: str, folder: Path, mirror: str | None) -> Wish:
    """Return the wish for a model's name, or for an address that is in no table."""
    models = find(name)
    model = _own(name) if not models and "://" in name else _only(name, models)
    if model.url.startswith(_BROWSER_ONLY):
        raise Unwished(
            f"{model.id} cannot be fetched by a program.",
            f"It lies at {model.url}, which asks a person first.",
            f"Save it as {folder / model.id}, then: slowfast-stack models check --root {folder}",
            code="checkpoint.manual-download",
        )
    url = model.url.replace(HOST, mirror.rstrip("/")) if mirror else model.url
    return Wish(url, model.url, folder, model.id)


def _own(url: str) -> Model:
    file = PurePosixPath(urlsplit(url).path).name
    if not file:
        raise Unwished(
            f"{url} names no file.",
            hint="Give the address of a checkpoint.",
            code="checkpoint.invalid-url",
        )
    return Model(file, "", "", "", "", "", "", url)


def _only(name: str, models: tuple[Model, ...]) -> Model:
    if len(models) == 1:
        return models[0]
    if models:
        listed = "\n".join(f"{model.id:<45} {model.config} {model.data}" for model in models)
        raise Unwished(
            f"{name} is the name of {len(models)} checkpoints.",
            listed,
            "Name one.",
            code="checkpoint.ambiguous",
        )
    close = difflib.get_close_matches(name, [model.id for model in MODELS], cutoff=0.4)
    raise Unwished(
        f"There is no checkpoint {name} in upstream's zoo.",
        f"Similar: {', '.join(close)}." if close else "",
        "See: slowfast-stack models list. An address (https://...) is taken too.",
        code="checkpoint.unknown",
    )
