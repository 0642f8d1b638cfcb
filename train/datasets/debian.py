"""Fashion-MNIST out of Debian's package, which is unpacked and not installed."""

import shutil
import tempfile
from pathlib import Path

from edge_runtime.files import directory_replaced
from train import debian_package
from train.debian_package import PackageError

PACKAGE = "dataset-fashion-mnist"
INSIDE = Path("usr/share/datasets/fashion-mnist")


def unpack(target: Path) -> Path:
    """Puts the package's files into `target`, in place of what was there, and returns `target`.

    Raises:
        PackageError: There is no apt, no such package, or no mirror to reach.
        OSError: `target` cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".package-") as scratch:
        content = debian_package.unpack(PACKAGE, Path(scratch)) / INSIDE
        if not content.is_dir():
            raise PackageError(f"{PACKAGE} holds no {INSIDE}")
        with directory_replaced(target) as fresh:
            for path in content.iterdir():
                shutil.copyfile(path, fresh / path.name)
    return target
