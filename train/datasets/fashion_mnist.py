"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 × 28 pixels, ten labels. Zalando Research 2017, MIT licence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from train.datasets.mnist_family import MnistFamily
from train.datasets.places import NOT_FOUND, PLACES, Place

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


@dataclass(frozen=True)
class FashionMnist(MnistFamily):
    """The provider; 600 pictures of each label are for validation."""

    places: Sequence[Place] = PLACES
    digests: Mapping[str, str] = field(default_factory=lambda: DIGESTS)
    name: str = "fashion_mnist"
    labels: tuple[str, ...] = LABELS
    not_found: tuple[str, str] = NOT_FOUND
