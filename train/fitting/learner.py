"""The model that trains: the plain one, which is kept and exported, and around it what only training needs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.augmentation.layers import draw, mixing_layer, picture_layers
from train.backend import keras
from train.config import TrainConfig
from train.fitting.precision import computing_in

LEAST_SCORE = 1e-7  # Keras' epsilon, below which a logarithm is cut off
TEMPERATURE = 4.0  # of distillation; Hinton et al. 2015 found 2.5 to 4 right for small students


class Learner(keras.Model):
    """Learns with changed pictures, softened labels, weighted labels or a teacher; judges without any of these.

    Its layers draw what follows from seed and epoch, so that a training that is resumed goes on as it would have.

    Args:
        plain: Takes float32 ``[n, h, w, 3]``, 0–255, and gives scores ``[n, labels]`` that sum to one.
        config: How to train.
        weights: How much each label counts, ``[labels]``; None for all alike.
        teacher: A model like `plain`, with the same labels, whose scores are learned beside the labels; or None.
    """

    def __init__(
        self, plain: Any, config: TrainConfig, weights: Sequence[float] | None = None, teacher: Any | None = None
    ) -> None:
        super().__init__(name="learner")
        self.plain = plain
        self.teacher = teacher
        if teacher is not None:
            teacher.trainable = False
        with computing_in("float32"):  # 16 bits are for networks: CutMix fails in them, and pixels lose what is between
            self._changing = picture_layers(config)
            self._mixing = mixing_layer(config)
        self._smoothing = config.label_smoothing
        self._taught = config.distillation if teacher is not None else 0.0
        self._labels = plain.output_shape[-1]
        self._weights = None if weights is None else np.asarray(weights, np.float32)
        self._cross_entropy = keras.losses.CategoricalCrossentropy()
        self._divergence = keras.losses.KLDivergence()
        self.built = True

    @property
    def mixes(self) -> bool:
        """Whether it trains on ``{"pixels", "labels"}``, because it mixes both, and not on pixels alone."""
        return self._mixing is not None

    def augmented(self, pixels: Any) -> Any:
        """Returns what it shows of uint8 or float ``[n, h, w, 3]``, 0–255, in training, before mixing."""
        pixels = keras.ops.cast(pixels, "float32")
        for layer in self._changing:
            pixels = layer(pixels, training=True)
        return pixels

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns scores ``[n, labels]``; in training with what they are to be compared with."""
        if not training:
            # On JAX, Keras looks once at a batch for training as if it were to be judged.
            pixels = inputs["pixels"] if isinstance(inputs, dict) else inputs
            return self.plain(keras.ops.cast(pixels, "float32"), training=False)
        pixels = self.augmented(inputs["pixels"] if self.mixes else inputs)
        targets = None
        if self._mixing is not None:
            targets = keras.ops.one_hot(inputs["labels"], self._labels)
            mixed = self._mixing({"images": pixels, "labels": targets}, training=True)
            pixels, targets = mixed["images"], mixed["labels"]
        given = {"scores": self.plain(pixels, training=True)}
        if targets is not None:
            given["targets"] = targets
        if self.teacher is not None:
            given["taught"] = self.teacher(pixels, training=False)
        return given

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Returns the mean cross-entropy; in training against softened, mixed and taught targets, labels weighted, and
        with what a network's regularizers add."""
        if not isinstance(y_pred, dict):
            return self._cross_entropy(keras.ops.one_hot(y, self._labels), y_pred, sample_weight)
        scores = y_pred["scores"]
        targets = y_pred["targets"] if "targets" in y_pred else keras.ops.one_hot(y, self._labels)
        if self._weights is not None:
            weight = keras.ops.sum(targets * self._weights, axis=-1)
            sample_weight = weight if sample_weight is None else weight * sample_weight
        targets = (1 - self._smoothing) * targets + self._smoothing / self._labels
        loss = self._cross_entropy(targets, scores, sample_weight)
        if "taught" in y_pred:
            # The square makes up for gradients that a temperature makes smaller by it (Hinton et al. 2015).
            taught = self._divergence(_softer(y_pred["taught"]), _softer(scores), sample_weight) * TEMPERATURE**2
            loss = (1 - self._taught) * loss + self._taught * taught
        return sum((self._aggregate_additional_loss(more) for more in self.losses), start=loss)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns the accuracy against the labels as they are, or of a mixed picture against the one it has most of."""
        if not isinstance(y_pred, dict):
            return super().compute_metrics(x, y, y_pred, sample_weight)
        # MixUp often shows hardly anything of the picture that it was given: against that one's label half were wrong.
        y = keras.ops.argmax(y_pred["targets"], axis=-1) if "targets" in y_pred else y
        return super().compute_metrics(x, y, y_pred["scores"], sample_weight)

    def start(self, epoch: int, seed: int) -> None:
        """Sets what is dropped and changed at random in `epoch`, counted from 0.

        A .keras file holds no state of a generator, and a resumed training would take another course (losses 3 % apart
        after 3 epochs).
        """
        numbers = np.random.default_rng([seed, epoch])
        parts = [self.plain, *self._changing, *([self._mixing] if self._mixing else [])]
        for part in parts:
            draw(part, numbers)


def balanced(counts: NDArray[np.int64]) -> list[float]:
    """Returns a weight for each label with which all labels weigh alike and a mean picture weighs one.

    As scikit-learn's ``class_weight="balanced"``: pictures / (labels · pictures of the label).
    """
    return [float(counts.sum() / (len(counts) * count)) if count else 0.0 for count in counts]


def _softer(scores: Any) -> Any:
    """Returns scores as a softmax of a higher temperature would give them."""
    logits = keras.ops.log(keras.ops.maximum(scores, LEAST_SCORE))
    return keras.ops.softmax(logits / TEMPERATURE, axis=-1)
