"""Frames' way from sources through a classifier to sinks. The only folder in which frames have threads."""
