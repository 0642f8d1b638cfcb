"""Quantisation-aware training: what int8 will do to a model is simulated while it is trained a little further."""
