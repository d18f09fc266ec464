"""Train networks that tell nuclei apart."""
