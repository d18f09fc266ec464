"""What a model said of the open slide, as the window holds and paints it."""
