"""How much memory a training step needs, by running it on tensors that hold no numbers."""
