"""The contract between the stages: what a bundle is, how one is written, opened and refused.

Standard library only. It knows nothing of pixels or interpreters.
"""
