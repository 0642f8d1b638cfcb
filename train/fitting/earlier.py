"""What a training takes over from a finished run: its weights to begin with, or its scores to learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import RunError
from edge_runtime.stages import run as stage
from train.backend import keras
from train.labels import apart


def load_run(directory: Path) -> tuple[Any, stage.Run]:
    """Returns the model of a finished run, and the run.

    Raises:
        RunError: There is no finished run, or Keras cannot load its model.
    """
    run = stage.open_run(directory)
    if run.model.is_dir():
        raise RunError(f"{run.model}: is a SavedModel; the layers of a Keras file are wanted")
    try:
        return keras.models.load_model(run.model, compile=False), run
    except Exception as error:  # Keras lets zipfile's, h5py's and its own errors through
        raise RunError(f"{run.model}: cannot be loaded: {error}; train it again") from error


def take_over(model: Any, labels: Sequence[str], directory: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives `model` the weights of the run in `directory`, of the last layer those of the labels that both know.

    Every label keeps the weights that were its own, wherever it stands now; one that is new keeps those `model` has.

    Args:
        model: Of the same network; its last weights have a place for each label.
        labels: Its labels.
        directory: A finished run.

    Returns:
        The labels that are new, and those that are no more.

    Raises:
        RunError: There is no finished run, or it is of another network.
    """
    source, run = load_run(directory)
    old = run.spec.labels
    remedy = "start from a run of the same --model, options and size"
    if len(source.weights) != len(model.weights):
        raise RunError(
            f"{run.model}: {len(model.weights)} weights expected of a {_named(model)}, {len(source.weights)} found in "
            f"a {_named(source)}; {remedy}"
        )
    places = {label: place for place, label in enumerate(old)}
    taken = [(new, places[label]) for new, label in enumerate(labels) if label in places]
    by_label = {id(weight) for weight in _weights_by_label(model, len(labels))}
    if tuple(labels) != tuple(old) and not by_label:
        raise RunError(
            f"{run.model}: has other labels ({apart('it', old, 'the dataset', labels)}), and the last layer of this "
            "network has no weights for each label, so theirs cannot be taken over"
        )
    values = []
    for target, found in zip(model.weights, source.weights, strict=True):
        have, given = _numbers(target), _numbers(found)
        if id(target) in by_label and (*have.shape[:-1], len(old)) == given.shape:
            for new, place in taken:
                have[..., new] = given[..., place]
        elif have.shape == given.shape:
            have = given
        else:
            raise RunError(
                f"{run.model}: {target.path}: {list(have.shape)} expected, {list(given.shape)} found; {remedy}"
            )
        values.append(have)
    model.set_weights(values)
    added = tuple(label for label in labels if label not in places)
    return added, tuple(label for label in old if label not in labels)


def load_teacher(directory: Path, spec: ModelSpec) -> Any:
    """Returns the model of a finished run that gives scores for the same labels, of pictures of the same size.

    Raises:
        RunError: There is no finished run, or it has other labels or another size.
    """
    model, run = load_run(directory)
    wanted = f"{directory}: a teacher of the same labels and preprocessing expected"
    if run.spec.labels != spec.labels:
        raise RunError(f"{wanted}; {apart('it', run.spec.labels, 'the dataset', spec.labels)}")
    if run.spec.preprocessing != spec.preprocessing:
        raise RunError(
            f"{wanted}; it takes pictures of {run.spec.preprocessing}, those of the dataset are {spec.preprocessing}"
        )
    return model


def _weights_by_label(model: Any, labels: int) -> list[Any]:
    """Returns those weights of the last layer that has any of which each label has its own; of none, nothing."""
    for layer in reversed(model.layers):
        if layer.weights:
            if isinstance(layer, keras.Model):
                return _weights_by_label(layer, labels)
            own = [weight for weight in layer.weights if weight.shape[-1:] == (labels,)]
            return own if len(own) == len(layer.weights) else []
    return []


def _named(model: Any) -> str:
    height, width = model.input_shape[1:3]
    return f"{model.name} for {height} × {width} pixels"


def _numbers(variable: Any) -> NDArray[Any]:
    return np.array(keras.ops.convert_to_numpy(variable))
