"""The review: stepping through what prediction and markup disagree on, and deciding."""
