"""MNIST: 70,000 grey pictures of handwritten digits, 28 × 28 pixels. LeCun, Cortes 1998, CC BY-SA 3.0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from train.datasets.mnist_family import MnistFamily
from train.datasets.places import KerasDownload, Place

# Of the decompressed files; seven unrelated projects publish the same four.
DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
NPZ = "mnist.npz"
NPZ_DIGEST = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"  # keras/src/datasets/mnist.py
LABELS = tuple("0123456789")
PLACES: tuple[Place, ...] = (KerasDownload("mnist", 11),)
NOT_FOUND = (
    "MNIST was not found",
    f"Put {{train,t10k}}-{{images-idx3,labels-idx1}}-ubyte.gz or Keras' {NPZ} into a directory and say --data DIR.",
)


@dataclass(frozen=True)
class Mnist(MnistFamily):
    """The provider; 6,000 training pictures are for validation."""

    places: Sequence[Place] = PLACES
    digests: Mapping[str, str] = field(default_factory=lambda: DIGESTS)
    name: str = "mnist"
    labels: tuple[str, ...] = LABELS
    not_found: tuple[str, str] = NOT_FOUND
    npz: str = NPZ
    npz_digest: str = NPZ_DIGEST
