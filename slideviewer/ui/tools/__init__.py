"""Mouse gestures, one class a tool; each ends in one edit of the document, or none."""
