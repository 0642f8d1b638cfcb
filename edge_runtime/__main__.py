"""``python -m edge_runtime`` is the command ``edge-runtime``."""

from edge_runtime.commands.main import main

if __name__ == "__main__":
    raise SystemExit(main())
