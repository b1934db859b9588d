"""A fork prints two counts where the AVA dataset must compare its lists."""

from __future__ import annotations

import ast

from ..model import FORK, Finding, Patch, Site, affected, already_applied, not_applicable, unknown
from ..syntax.source_file import Source, function, same
from ..syntax.splices import before, remove, rewrite

PRINTS = ("print(len(boxes_and_labels))", "print(len(self._image_paths))")
HELPER = "_in_both_lists"
FUNCTION = f'''
def {HELPER}(image_paths, names, boxes_and_labels):
    """
    Keep the videos that have frames and annotations; name those that lack one.
    Args:
        image_paths (list): paths of the frames of each video.
        names (list): name of each video, in the same order.
        boxes_and_labels (dict): annotations by name of the video.
    Returns:
        image_paths, names: of the videos that are in both.
    """
    for what, lost in (
        ("frames", set(boxes_and_labels) - set(names)),
        ("annotations", set(names) - set(boxes_and_labels)),
    ):
        if lost:
            logger.warning(
                "{{}} videos have no {{}} and are left out: {{}}".format(
                    len(lost), what, ", ".join(sorted(lost))
                )
            )
    kept = [i for i, name in enumerate(names) if name in boxes_and_labels]
    if not kept:
        raise ValueError("No video has both frames and annotations.")
    return [image_paths[i] for i in kept], [names[i] for i in kept]


'''
CALL = f"""
self._image_paths, self._video_idx_to_name = {HELPER}(
    self._image_paths, self._video_idx_to_name, boxes_and_labels
)
"""


def _examine(source: Source) -> Finding:
    load = function(source.tree, "Ava._load_data")
    if load is None:
        return unknown("There is no method Ava._load_data.")
    if function(source.tree, HELPER) is not None:
        return already_applied()
    prints = [n for n in load.body if isinstance(n, ast.Expr) and _prints_a_count(n.value)]
    if not prints:
        return not_applicable("Method Ava._load_data does not print the two counts.")
    ava = next(n for n in source.tree.body if isinstance(n, ast.ClassDef) and load in n.body)
    return affected(
        before(source, ava, FUNCTION),
        rewrite(source, prints[0], CALL),
        *[remove(source, node) for node in prints[1:]],
    )


def _prints_a_count(value: ast.expr) -> bool:
    return any(same(value, text) for text in PRINTS)


PATCH = Patch(
    id="fork-assert-print",
    component="slowfast",
    title="Compare the AVA lists by name and report what is missing",
    symptom="KeyError with the name of a video, or training uses only a part of the data, silently",
    reason="The fork replaced the assertion that both counts are equal by two prints.",
    sites=(Site("slowfast/datasets/ava_dataset.py", _examine),),
    origins=(FORK,),
)
