"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 × 28 pixels, ten labels. Zalando Research 2017, MIT licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SplitName
from train.datasets.dataset import Found
from train.datasets.idx import idx_file, read_idx
from train.datasets.official import official_splits
from train.datasets.places import NOT_FOUND, PLACES, Place, search

# Of the decompressed files, as in Debian's dataset-fashion-mnist 0.0~git20200523.55506a9-1 (upstream commit 55506a9).
# Upstream publishes MD5 of its own .gz only, and Debian compressed the files anew; other projects that hash the content
# of upstream's files have the same four.
DIGESTS = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
# https://github.com/zalandoresearch/fashion-mnist#labels, in that order.
LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
VALIDATION = 6_000  # of the 60,000 training pictures; the official test split stays what everybody else's is


@dataclass(frozen=True)
class FashionMnist:
    """The provider.

    Attributes:
        data: The one directory to read, or None to look in `places`.
        places: Where to look, in this order.
    """

    data: Path | None = None
    places: Sequence[Place] = PLACES
    name: str = "fashion_mnist"
    size: tuple[int, int] = (28, 28)
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        if self.data is not None and (missing := missing_files(self.data)):
            raise DatasetError(
                f"--data {self.data}: {', '.join(missing)} missing (with or without .gz); "
                "name the directory that holds the four files, or leave --data out to have them looked for"
            )

    def is_origin(self, origin: str) -> bool:
        return True  # the digests allow one content only, wherever it was found

    def find(self, seed: int) -> Found:
        """Finds the files; validation is a seeded draw of 600 training pictures a label.

        Raises:
            DatasetError: No place has the files, or one of them has another content.
        """
        directory = search(self.places, missing_files, NOT_FOUND) if self.data is None else self.data
        arrays = {name: read_idx(directory, name, sha256) for name, sha256 in DIGESTS.items()}
        train, test = (
            (arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]) for part in ("train", "t10k")
        )
        splits = official_splits(train, test, VALIDATION, seed)
        return Found(str(directory), splits)

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        pass  # the digests leave nothing to chance


def missing_files(directory: Path) -> list[str]:
    """Returns the names, without ``.gz``, of the files that `directory` lacks."""
    return [name for name in DIGESTS if idx_file(directory, name) is None]
