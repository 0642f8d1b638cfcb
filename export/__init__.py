"""Turns a run into a bundle: every file converted, proved through the edge runtime's own classifier, and gated."""
