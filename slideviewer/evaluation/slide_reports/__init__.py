"""Reports of reviewed slides: what was predicted, marked and decided, as pages for people."""
