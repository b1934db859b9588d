"""setup.py passes its longest source first, but setuptools sorts them, and it is compiled last."""

from __future__ import annotations

import ast

from ..model import GIT_ONLY, Finding, Patch, Site, affected, already_applied, not_applicable
from ..syntax.source_file import Source, find, same
from ..syntax.splices import replace

SORTED_LAST = 'path.join(extensions_dir, "vision.cpp")'
# The same file under a name that sorts before every other in the folder.
SORTED_FIRST = 'path.join(extensions_dir, ".", "vision.cpp")'


def _examine(source: Source) -> Finding:
    sources = [
        node.value
        for node in find(source.tree, ast.Assign)
        if [ast.unparse(target) for target in node.targets] == ["main_source"]
    ]
    if len(sources) == 1 and same(sources[0], SORTED_FIRST):
        return already_applied()
    if len(sources) != 1 or not same(sources[0], SORTED_LAST):
        return not_applicable("setup.py does not pass vision.cpp as its main source.")
    return affected(replace(source, sources[0], SORTED_FIRST))


PATCH = Patch(
    id="vision-first",
    component="detectron2",
    title="Compile the longest source first",
    symptom="the build of the extension uses one core for its last twenty seconds, vision.cpp",
    reason="setuptools sorts the sources and ninja compiles them in that order: the longest one starts last.",
    sites=(Site("setup.py", _examine),),
    origins=GIT_ONLY,
)
