"""Pictures and what is marked in them: found, read, kept on the disk, and split by case."""
