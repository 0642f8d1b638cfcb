import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import UsageError
from edge_runtime.preprocess import preprocess
from train.backend import keras
from train.config import TrainConfig
from train.models import efficientnet_lite0, pretrained
from train.models.build import HEAD, build_model
from train.models.registry import NETWORKS

layers = keras.layers

SIZE = (32, 32)


def small(name: str, seed: int, labels: int = 2) -> Any:
    keras.utils.set_random_seed(seed)
    return build_model(TrainConfig(model=name, weights="none"), SIZE, labels, grey=False)


def written(model: Any, path: Path) -> Path:
    if path.suffix == ".npz":
        arrays = {f"{layer.name}/{n}": array for layer in model.layers for n, array in enumerate(layer.get_weights())}
        np.savez(path, **arrays)
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:  # .keras, and the layout of Keras' ImageNet files
        model.save(path)
    return path


def same(model: Any, other: Any) -> set[bool]:
    return {
        all(map(np.array_equal, layer.get_weights(), other.get_layer(layer.name).get_weights()))
        for layer in model.layers
        if layer.weights and layer.name != HEAD
    }


@pytest.mark.filterwarnings("ignore")  # Keras says that .h5 is the old format
@pytest.mark.parametrize("file", ["w.npz", "w.weights.h5", "w.keras", "w.h5"])
def test_a_backbone_takes_the_weights_of_another_with_other_labels_from_any_file(file: str, tmp_path: Path) -> None:
    source = small("mobilenet_v3_small", seed=1, labels=7)
    path = written(source, tmp_path / file)
    keras.utils.set_random_seed(2)
    model = build_model(TrainConfig(model="mobilenet_v3_small", weights=str(path)), SIZE, labels=2, grey=True)
    assert same(model, source) == {True}
    assert model.get_layer(HEAD).get_weights()[0].shape[-1] == 2


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small"])
def test_keras_own_network_has_the_layers_that_are_filled(name: str, tmp_path: Path) -> None:
    """Of what `fetched` returns, without the network that it needs."""
    kind = {"mobilenet_v2": keras.applications.MobileNetV2, "mobilenet_v3_small": keras.applications.MobileNetV3Small}
    source = kind[name](input_shape=(*SIZE, 3), include_top=False, weights=None)
    source.save_weights(tmp_path / "w.weights.h5")
    model = small(name, seed=2)
    pretrained.fill(model, name, pretrained.read(tmp_path / "w.weights.h5"), besides=(HEAD,))
    assert same(model, source) == {True}


def test_weights_of_another_network_are_refused_with_the_layer(tmp_path: Path) -> None:
    path = written(small("mobilenet_v3_small", seed=1), tmp_path / "w.keras")
    said = "none for mobilenet_v2's layer 'Conv1' among "
    with pytest.raises(UsageError, match=said):
        pretrained.fill(small("mobilenet_v2", seed=1), "mobilenet_v2", pretrained.read(path), besides=(HEAD,))


def test_an_array_of_another_shape_is_refused_with_both_shapes() -> None:
    model = small("mobilenet_v2", seed=1)
    found = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    found["Conv1"] = [np.zeros((3, 3, 3, 16), np.float32)]
    said = re.escape("layer 'Conv1' takes [3, 3, 3, 32], [3, 3, 3, 16] found")
    with pytest.raises(UsageError, match=said):
        pretrained.fill(model, "mobilenet_v2", found, besides=(HEAD,))


@pytest.mark.parametrize("name", ["w.npz", "w.keras", "w.h5", "w.weights.h5"])
@pytest.mark.parametrize("content", [b"", b"something else entirely", b"PK\x03\x04 cut off", b"\x89HDF\r\n\x1a\n cut"])
def test_a_damaged_file_is_refused_by_name(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=rf"--weights .*{re.escape(name)}: an \.npz with .* expected"):
        pretrained.read(tmp_path / name)


def test_a_file_that_is_missing_or_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"w\.npz: cannot be read: No such file"):
        pretrained.read(tmp_path / "w.npz")
    (tmp_path / "w.pt").touch()
    with pytest.raises(UsageError, match=r"w\.pt: .* expected; 'imagenet' takes ImageNet's"):
        pretrained.read(tmp_path / "w.pt")


def test_an_npz_of_pickles_is_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", allow_pickle=True, **{"conv/0": np.array([{"a": 1}], object)})
    with pytest.raises(UsageError, match="something else found: Object arrays cannot be loaded"):
        pretrained.read(tmp_path / "w.npz")


def test_efficientnet_lite0_begins_with_imagenet_without_being_told() -> None:
    model = build_model(TrainConfig(model="efficientnet_lite0"), SIZE, labels=2, grey=False)
    first = model.get_layer("conv_stem").get_weights()[0]
    assert np.array_equal(first, efficientnet_lite0.imagenet()["conv_stem"][0])
    assert not np.array_equal(first, small("efficientnet_lite0", seed=0).get_layer("conv_stem").get_weights()[0])


@pytest.mark.parametrize(("photograph", "number"), [("china.jpg", 698), ("flower.jpg", 985)])
def test_efficientnet_lite0_knows_what_is_on_a_photograph(photograph: str, number: int) -> None:
    """A palace, a daisy: kernels turned another way, or statistics in another order, would see neither."""
    x = layers.Rescaling(*NETWORKS["efficientnet_lite0"].rescaling)(pixels := layers.Input((224, 224, 3)))
    x = layers.GlobalAveragePooling2D()(efficientnet_lite0.features(x, (224, 224)))
    model = keras.Model(pixels, layers.Softmax()(layers.Dense(1000, name="fc")(x)))
    pretrained.fill(model, "efficientnet_lite0", efficientnet_lite0.imagenet())
    spec = PreprocessingSpec((224, 224), "center_crop", "box")
    scores = np.asarray(model(preprocess(load_sample_image(photograph), spec)[np.newaxis]))[0]
    assert scores.argmax() == number


def test_weights_whose_package_is_not_installed_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "no-such-package")
    with pytest.raises(UsageError, match="in the package no-such-package, which is not installed here; 'make setup'"):
        build_model(TrainConfig(model="efficientnet_lite0"), SIZE, labels=2, grey=False)
