"""Where a patch imports RandomSampler."""

from __future__ import annotations

import pytest
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.slowfast import (
    short_cycle_sampler,
)
from ansible_collections.slowfast.stack.plugins.module_utils._stack.patches.syntax.source_file import (
    Source,
)

DISTRIBUTED = "from torch.utils.data.distributed import DistributedSampler\n"
OTHER = "from torchvision import transforms\n"
MINE = "from torch.utils.data.sampler import RandomSampler\n"


@pytest.mark.parametrize(
    ("text", "before"),
    [
        (DISTRIBUTED + OTHER, DISTRIBUTED),
        (OTHER + DISTRIBUTED + OTHER, OTHER + DISTRIBUTED),
        (OTHER + OTHER, OTHER + OTHER),
        ("import torch\n", None),
        (MINE + OTHER, None),
        ("from torch.utils.data import DataLoader, RandomSampler\n", None),
    ],
)
def test_the_import_is_beside_that_of_the_other_sampler(text: str, before: str | None) -> None:
    made = short_cycle_sampler.with_random_sampler(Source("utils.py", text.encode()))
    expected = [] if before is None else [(len(before), len(before), MINE)]
    assert [(one.start, one.end, one.text) for one in made] == expected
