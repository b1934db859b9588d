"""SlowFast configurations: names, content, validation, fine-tuning."""
