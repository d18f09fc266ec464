"""From the slide's file to pictures of tiles: read in threads, kept in one bounded store."""
