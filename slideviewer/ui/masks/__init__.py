"""Annotations written as masks, and masks read as annotations."""
