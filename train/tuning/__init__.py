"""A search over a declared space of configurations: accuracy against the latency of the int8 file."""
