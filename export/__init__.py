"""Turns a run into a bundle: every file converted, proved through the edge runtime's own classifier, and gated."""

import os

# Before anything imports ONNX Runtime; edge_runtime.runtimes.onnx says why.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
