"""A network that the user builds: ``module:function`` in the current directory."""

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import RunError, UsageError
from edge_runtime.stages import rule
from train.backend import keras

RULE = "it is called with ((height, width), number of labels) and takes RGB pixels 0-255 as they are"


def build(name: str, size: tuple[int, int], labels: int) -> Any:
    """Returns what the user's function returns, if it is a classifier that can be trained, saved and exported.

    Args:
        name: ``module:function``; the module is looked for in the current directory first.
        size: Height and width in pixels.
        labels: How many.

    Raises:
        UsageError: There is no such module or function, it fails, or what it returns is not such a model.
    """
    function = _found(name)
    try:
        model = function(size, labels)
    except Exception as error:  # anything may happen in code that is not ours
        raise UsageError(f"--model {name}: {_where(error)}; {RULE}") from error
    if not isinstance(model, keras.Model):
        raise UsageError(f"--model {name}: a Keras model expected, {_kind(model)} returned; {RULE}")
    if not isinstance(model, keras.Sequential) and not hasattr(model, "operations"):
        raise UsageError(
            f"--model {name}: a Functional or Sequential model expected, a class of its own, {_kind(model)}, returned: "
            "its file could not be read without your code; build it with keras.Model(inputs, outputs)"
        )
    if not model.built:
        raise UsageError(
            f"--model {name}: the model does not say what it takes; begin it with keras.Input((height, width, 3))"
        )
    _accept(lambda: _check_shapes(name, model, size, labels))
    for layer in _layers(model):
        # Functions in a model are not read back: a file could hold anybody's.
        if type(layer).__module__.partition(".")[0] != "keras" or isinstance(layer, keras.layers.Lambda):
            raise UsageError(
                f"--model {name}: layer '{layer.name}' ({_kind(layer)}) is none of Keras' own, and the model's file "
                "could not be read without your code; use keras.layers and keras.ops alone"
            )
    _accept(lambda: _check_scores(name, model, size))
    # Functional, whatever it was: a Sequential that was never called has no `input`.
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _accept(check: Callable[[], None]) -> None:
    try:
        check()
    except RunError as error:  # what export says of a run; here it is what was typed
        raise UsageError(str(error)) from error


def _check_shapes(name: str, model: Any, size: tuple[int, int], labels: int) -> None:
    taken = [tuple(tensor.shape) for tensor in model.inputs]
    given = [tuple(tensor.shape) for tensor in model.outputs]
    rule.check_shapes(taken, given, size, labels, f"--model {name}", (RULE, RULE))


def _check_scores(name: str, model: Any, size: tuple[int, int]) -> None:
    advice = (
        "look at its range: it takes pixels 0-255, so begin it with keras.layers.Rescaling(1 / 255)",
        "put keras.layers.Softmax() behind its last layer",
    )

    def judge(pixels: NDArray[np.float32]) -> object:
        return keras.ops.convert_to_numpy(model(pixels, training=False))

    rule.check_scores(judge, size, f"--model {name}", advice)


def _found(name: str) -> Any:
    module, _, function = name.partition(":")
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            path = f"{module.replace('.', '/')}.py"
            raise UsageError(f"--model {name}: no module '{module}': no {path} in {here}") from error
        raise UsageError(f"--model {name}: {_where(error)}") from error
    except Exception as error:  # anything may happen in code that is not ours
        raise UsageError(f"--model {name}: cannot be imported: {_where(error)}") from error
    finally:
        sys.path.remove(here)
    chosen = getattr(found, function, None)
    if not callable(chosen):
        raise UsageError(f"--model {name}: no function '{function}' in {found.__file__}")
    return chosen


def _layers(model: Any) -> list[Any]:
    found = []
    for layer in model.layers:
        found += _layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found


def _where(error: Exception) -> str:
    """Returns the error with the user's line in which it came up: the last one outside of Keras and this module."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    text = f"{type(error).__name__}: {(str(error).strip() or 'no more is said').splitlines()[0]}"
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    return f"{frames[-1].filename}, line {frames[-1].lineno}: {text}" if frames else text


def _is_users(path: str) -> bool:
    return path != __file__ and "site-packages" not in path and not path.startswith(("<", sys.base_prefix + "/lib"))


def _kind(found: object) -> str:
    return f"{type(found).__module__}.{type(found).__name__}"
