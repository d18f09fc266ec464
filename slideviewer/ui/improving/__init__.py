"""Correcting a model from a review: a dialog, and a process that learns."""
