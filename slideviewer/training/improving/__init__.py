"""Correct a tile model from a review: its head is fitted anew on what was decided and drawn."""
