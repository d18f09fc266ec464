"""Drawing and editing the markup: what the tools make, and what the commands do with it."""
