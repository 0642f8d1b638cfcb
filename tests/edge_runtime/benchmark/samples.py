"""Cases that were measured, as values."""

from edge_runtime.benchmark.figures import Case, Start, Taken, Turn

CASE = Case("bundles/lamp", "lamp 1.0 (0123456789ab)", "float32.tflite", "ai-edge-litert", 1)


def measured(case: Case = CASE, milliseconds: float = 4.0, queries: int = 10) -> Taken:
    one = Taken(case, Start("ai-edge-litert 2.3.0", load=0.02, first=0.006, rss=40_000_000), rss=41_000_000)
    total = milliseconds / 1e3
    one.add(Turn(*((share * total,) * queries for share in (0.3, 0.1, 0.5, 1.0))))
    return one
