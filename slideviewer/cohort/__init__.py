"""Many slides: what is to be done with them, in turn."""
