"""Frames that are kept for retraining: which, where, and how they get from the device to a dataset."""
