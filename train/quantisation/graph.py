"""A model as a flat sequence of calls, and which of them quantisation-aware training understands."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from edge_runtime.errors import RunError
from train.backend import keras

WEIGHTED = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense"}
# Their output gets a range of its own.
COMPUTED = {
    *("Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "ELU"),
    *("GlobalAveragePooling2D", "LeakyReLU", "Maximum", "Minimum", "Multiply", "Normalization", "RGBToGrayscale"),
    *("ReLU", "Relu", "Relu6", "Rescaling", "Subtract", "TrueDivide"),
}
# They pass on values of their input, whose range holds; or give the scores, whose scale of 1/256 is fixed.
PASSED_ON = {
    *(
        "Cropping2D",
        "ConvertToTensor",
        "Dropout",
        "ExpandDims",
        "Flatten",
        "GlobalMaxPooling2D",
        "Identity",
        "MaxPooling2D",
        "Permute",
    ),
    *("Reshape", "Softmax", "SpatialDropout2D", "Squeeze", "Take", "ZeroPadding2D"),
}
KNOWN = {"InputLayer", *WEIGHTED, *COMPUTED, *PASSED_ON}


def kind(operation: Any) -> str:
    """Returns the name of a Keras layer's or operation's class; that of foreign code with its module."""
    own = type(operation)
    return own.__name__ if own.__module__.partition(".")[0] == "keras" else f"{own.__module__}.{own.__name__}"


def activation(operation: Any) -> str | None:
    """Returns the name of the function that an activation layer, or a weighted one at its end, computes."""
    if kind(operation) in {"ReLU", "Relu", "Relu6"}:
        return "relu"
    function = getattr(operation, "activation", None)
    return None if function is None else str(getattr(function, "__name__", function))


def flat(model: Any) -> Any:
    """Returns `model` with the layers of models inside of it in their place; layers and weights are the same ones.

    Args:
        model: A Functional or Sequential model; renamed are layers whose name was another's.

    Raises:
        RunError: It is neither, or takes or gives several things.
    """
    if not isinstance(model, keras.Sequential) and not hasattr(
        model, "operations"
    ):  # a subclass of keras.Model with a call of its own
        raise RunError(
            f"a Functional or Sequential Keras model expected, {kind(model)} found; its layers are not known"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise RunError(f"one input and one output expected, {len(model.inputs)} and {len(model.outputs)} found")
    _make_unique(model, set())
    (taken,) = model.inputs
    pixels = keras.Input(batch_shape=taken.shape, dtype=taken.dtype, name="pixels")
    model = keras.Model(pixels, model.call(pixels), name=model.name)  # Functional, whatever it was
    while any(isinstance(operation, keras.Model) for operation in model.operations):
        model = rebuilt(model, lambda operation: operation, _unpacked)
    return model


def check(model: Any) -> None:
    """Accepts a flat model all of whose calls are known.

    Raises:
        RunError: One is not; it is named.
    """
    for operation in model.operations:
        what = f"layer '{operation.name}' ({kind(operation)})"
        if kind(operation) not in KNOWN:
            raise RunError(
                f"{what}: quantisation-aware training does not know what int8 makes of it; it knows "
                f"{', '.join(sorted(KNOWN - {'ConvertToTensor', 'InputLayer'}))}; export the run as it is"
            )
        if getattr(operation, "data_format", None) == "channels_first":
            raise RunError(
                f"{what}: data_format 'channels_last' expected, 'channels_first' found; export the run as it is"
            )
        for variable in getattr(operation, "weights", ()):
            if variable.dtype != "float32" and kind(operation) in WEIGHTED:
                raise RunError(f"{what}: weights in float32 expected, {variable.dtype} found; export the run as it is")


def consumers(model: Any) -> dict[str, list[Any]]:
    """Returns, by the name of each operation of a flat model, the operations that take its output."""
    found: dict[str, list[Any]] = defaultdict(list)
    made: dict[int, tuple[str, Any]] = {}  # with the tensor: an id is another's as soon as it is gone

    def note(operation: Any, *args: Any, **kwargs: Any) -> Any:
        for tensor in keras.tree.flatten((args, kwargs)):
            if id(tensor) in made:
                found[made[id(tensor)][0]].append(operation)
        output = operation(*args, **kwargs)
        made[id(output)] = (operation.name, output)
        return output

    rebuilt(model, lambda operation: operation, note)
    return found


def rebuilt(model: Any, clone: Callable[[Any], Any], call: Callable[..., Any]) -> Any:
    """Returns a model in which each operation is what `clone` returns for it, called by `call`."""
    return keras.models.clone_model(model, clone_function=clone, call_function=call)


def _unpacked(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Calls an operation; of a model what it consists of, one level deep."""
    return operation.call(*args) if isinstance(operation, keras.Model) else operation(*args, **kwargs)


def _make_unique(model: Any, taken: set[str]) -> None:
    """Renames what bears another's name, as a layer inside of a model and one around it may."""
    for operation in model.layers if isinstance(model, keras.Sequential) else model.operations:
        if isinstance(operation, keras.Model):
            _make_unique(operation, taken)
        name, number = operation.name, 1
        while operation.name in taken:
            number += 1
            operation.name = f"{name}_{number}"
        taken.add(operation.name)
