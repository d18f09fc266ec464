"""Train networks that answer for each pixel."""
