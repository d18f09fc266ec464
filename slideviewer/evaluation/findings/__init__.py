"""Where two opinions on a slide differ, or one is in doubt: found, ordered, recognised again."""
