"""Reports for people: a page with plots and pictures, and lines for the terminal."""
