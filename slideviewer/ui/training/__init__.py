"""The Training panel: what to train, how a training goes, and what came of it."""
