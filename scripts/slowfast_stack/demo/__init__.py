"""A video in, a video with the persons and their actions out."""
