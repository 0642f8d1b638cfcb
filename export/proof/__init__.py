"""Is a converted file the model that was trained? Figures, the gate, golden samples."""
