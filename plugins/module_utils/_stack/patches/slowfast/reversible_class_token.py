"""The reversible MViT refuses a class token, which one of its configurations asks for."""

from __future__ import annotations

import ast

from ..model import (
    GIT_ONLY,
    Finding,
    Patch,
    Site,
    affected,
    already_applied,
    not_applicable,
    unknown,
)
from ..syntax.source_file import Source, dotted, find, function, same
from ..syntax.splices import before

ASKED = "cfg.MVIT.CLS_EMBED_ON"
TEST = f"cfg.MVIT.REV.ENABLE and {ASKED}"
WITHOUT = f"""
if {TEST}:
    # Reversible blocks have no class token, and no published model of them has one.
    logger.warning("MVIT.CLS_EMBED_ON is ignored: a reversible MViT has no class token.")
    {ASKED} = False
"""


def _examine(source: Source) -> Finding:
    build = function(source.tree, "MViT.__init__")
    if build is None or not _refuses(build):
        return not_applicable("No MViT refuses a class token.")
    if any(same(node.test, TEST) for node in find(build, ast.If)):
        return already_applied()
    settings = [node for node in build.body if isinstance(node, ast.Assign) and _sets(node)]
    if len(settings) != 1:
        return unknown("Method MViT.__init__ does not set cls_embed_on once.")
    return affected(before(source, settings[0], WITHOUT))


def _refuses(build: ast.AST) -> bool:
    return any(same(node.test, "not self.cls_embed_on") for node in find(build, ast.Assert))


def _sets(node: ast.Assign) -> bool:
    return [dotted(target) for target in node.targets] == ["self.cls_embed_on"] and same(
        node.value, ASKED
    )


PATCH = Patch(
    id="reversible-class-token",
    component="slowfast",
    title="Build a reversible MViT without a class token",
    symptom="AssertionError in MViT.__init__: assert not self.cls_embed_on",
    reason="Kinetics/REV_MVIT_B_16x4_CONV asks for the token; the published weights have none.",
    sites=(Site("slowfast/models/video_model_builder.py", _examine),),
    origins=GIT_ONLY,
)
