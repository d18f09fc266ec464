"""The user guide and the tour."""
