"""Parts of configurations that tests have in common, as YAML."""

# Lists with a value for each of the two pathways of SlowFast.
TWO_PATHWAYS = """\
RESNET:
  NUM_BLOCK_TEMP_KERNEL: [[3, 3], [4, 4], [6, 6], [3, 3]]
  SPATIAL_STRIDES: [[1, 1], [2, 2], [2, 2], [2, 2]]
  SPATIAL_DILATIONS: [[1, 1], [1, 1], [1, 1], [1, 1]]
NONLOCAL:
  LOCATION: [[[], []], [[], []], [[], []], [[], []]]
  GROUP: [[1, 1], [1, 1], [1, 1], [1, 1]]
"""
MULTIGRID = """
MODEL: {ARCH: slow, MODEL_NAME: ResNet}
DATA: {INPUT_CHANNEL_NUM: [3]}
SOLVER: {STEPS: [0, 10], LRS: [1, 0.1], LR_POLICY: steps_with_relative_lrs}
MULTIGRID: {LONG_CYCLE: True, SHORT_CYCLE: True}
TEST: {ENABLE: False}
"""
