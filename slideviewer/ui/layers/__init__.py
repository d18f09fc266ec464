"""What the canvas paints, one class a layer, lowest first."""
