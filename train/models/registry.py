"""Which networks there are, each with its sentence. Imports no Keras: the command line's help is made from this."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_runtime.errors import FieldError

IMAGENET, RANDOM = "imagenet", "none"  # values of `weights` that are no file
PIXELS_TO_ONE = (1 / 255, 0.0)


@dataclass(frozen=True)
class Habits:
    """Epochs, the learning rate with steps of 128 pictures, the most pictures a step, dropout; what suits `cnn`."""

    epochs: int = 6
    learning_rate: float = 0.004
    batch_size: int = 128
    dropout: float = 0.2


@dataclass(frozen=True)
class Network:
    """What is known of a network before it is built.

    Attributes:
        sentence: What it is, for whom.
        module: In this package; its ``features(x, size, width)`` is all but what comes first and last.
        width: What ``--width`` is if nobody says it; 0 for a network whose width is fixed.
        unit: Of what that many.
        smallest: The least height and width in pixels.
        rescaling: Factor and offset for pixels of 0 to 255.
        backbone: Whether it takes weights that were trained on other pictures, and colour.
        habits: How it likes to be trained on tens of thousands of pictures.
    """

    sentence: str
    module: str
    width: int = 0
    unit: str = ""
    smallest: int = 1
    rescaling: tuple[float, float] = PIXELS_TO_ONE
    backbone: bool = False
    habits: Habits = Habits()


# Fashion-MNIST, test: .8868 after 12 epochs, 17 s of CPU time, and .875 after 6. 20 epochs with steps of 128 at 0.004:
# .8902, but .875 after 9; 10 epochs at 0.0028: .8849.
MLP = Habits(epochs=12, learning_rate=0.0021, batch_size=256, dropout=0.1)
LSTM = Habits(epochs=12)  # .8998 in 125 s of CPU time; 8 epochs .8962. (ds_cnn: .9242 in 6 epochs, 249 s.)
# Keras' own builders refuse less than 32 pixels.
NETWORKS: Mapping[str, Network] = {
    "mlp": Network("pixels in a row, one hidden layer; the tutorials' first network", "mlp", 128, "units", habits=MLP),
    "cnn": Network("blocks of convolution and pooling; a good start for small pictures", "cnn", 32, "filters"),
    "lstm": Network(
        "reads a picture row by row; unrolled, so that every interpreter runs it", "lstm", 128, "units", habits=LSTM
    ),
    "ds_cnn": Network("depthwise separable blocks; few operations, small in int8", "ds_cnn", 32, "filters"),
    "resnet8": Network("MLPerf Tiny's residual network, under 100,000 parameters", "resnet8", 16, "filters"),
    "mobilenet_v2": Network(
        "backbone of 2.3 million parameters for transfer learning",
        "mobilenet_v2",
        smallest=32,
        rescaling=(1 / 127.5, -1.0),
        backbone=True,
    ),
    "mobilenet_v3_small": Network(
        "backbone of 0.9 million parameters for transfer learning; the fewest operations",
        "mobilenet_v3_small",
        smallest=32,
        rescaling=(1 / 127.5, -1.0),
        backbone=True,
    ),
    "efficientnet_lite0": Network(
        "backbone of 3.4 million parameters for transfer learning, made for int8",
        "efficientnet_lite0",
        smallest=32,
        rescaling=(1 / 128, -127 / 128),
        backbone=True,
    ),
}
OWN = "module:function"
OWN_SENTENCE = (
    "your own, in this directory: function((height, width), labels) returns a Keras\n"
    f"{'':<21} model that takes pixels 0-255 and gives scores that sum to one"
)


def listing() -> str:
    """Returns a line for each network."""
    rows = [(name, network.sentence) for name, network in NETWORKS.items()]
    return "\n".join(f"  {name:<19} {sentence}" for name, sentence in [*rows, (OWN, OWN_SENTENCE)])


def habits(model: str) -> Habits:
    """Returns how the network `model` likes to be trained; a user's own as `cnn` does."""
    return NETWORKS[model].habits if model in NETWORKS else Habits()


def is_own(model: str) -> bool:
    """Tells whether `model` names a user's own function."""
    module, colon, function = model.partition(":")
    return bool(colon and function.isidentifier() and all(part.isidentifier() for part in module.split(".")))


def is_backbone(model: str) -> bool:
    """Tells whether the network `model` takes weights that were trained on other pictures."""
    return model in NETWORKS and NETWORKS[model].backbone


def check(model: str, width: int, weights: str, freeze_epochs: int) -> None:
    """Accepts the fields of a configuration that name a network.

    Raises:
        FieldError: There is no such network, or it has no such choice.
    """
    if model not in NETWORKS and not is_own(model):
        raise FieldError(f"model: one of {', '.join(NETWORKS)}, or {OWN} expected, {model!r} found")
    if width < 0:
        raise FieldError(f"width: 0 (the network's own) or more expected, {width} found")
    if freeze_epochs < -1:
        raise FieldError(f"freeze_epochs: 0 or more, or -1 for a third of all epochs, expected, {freeze_epochs} found")
    if width and (model not in NETWORKS or not NETWORKS[model].width):
        having = ", ".join(name for name, network in NETWORKS.items() if network.width)
        raise FieldError(f"width: {model} has one of its own; {having} can be made wider")
    if not is_backbone(model):
        having = ", ".join(name for name, network in NETWORKS.items() if network.backbone)
        if weights:
            raise FieldError(f"weights: {model} begins with random ones, {weights!r} found; of {having} they are read")
        if freeze_epochs > 0:
            raise FieldError(f"freeze_epochs: {model} has no trained weights to keep at first; {having} have")
