"""Views of slides: one, or several side by side that move together."""
