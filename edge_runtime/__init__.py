"""The light edge runtime: open a bundle, sense pictures, classify them on this machine's CPU.

Nothing here imports ``train`` or ``export``, and nothing heavier than numpy, Pillow and one interpreter.
"""

__version__ = "0.1.0"
