import subprocess
import sys

import pytest

from edge_runtime.errors import FieldError
from train.config import TrainConfig, asked_model, sized_for
from train.models.registry import NETWORKS, listing


def test_every_network_has_a_line_that_fits_a_page() -> None:
    lines = listing().splitlines()
    for name, network in NETWORKS.items():
        assert [line for line in lines if line.split()[0] == name and network.sentence in line]
    assert max(map(len, lines)) <= 110


def test_a_network_is_listed_without_keras() -> None:
    code = (
        "import sys; sys.modules['keras'] = sys.modules['tensorflow'] = None; from train.__main__ import main; "
        "main(['fit', '--list-models'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == listing().strip()


@pytest.mark.parametrize("model", ["rnn", "", ":build", "net:", "my net:build", "net:build()", "nets/one:build"])
def test_what_is_neither_a_network_nor_a_function_is_refused_with_all_there_are(model: str) -> None:
    with pytest.raises(FieldError, match=r"model: one of mlp, cnn, .*, or module:function expected"):
        TrainConfig(model=model)


@pytest.mark.parametrize("model", ["nets:build", "my.nets:build_small"])
def test_a_function_is_named_by_its_module(model: str) -> None:
    assert TrainConfig(model=model).model == model


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"width": -1}, r"width: 0 \(the network's own\) or more expected, -1 found"),
        ({"width": 8, "model": "mobilenet_v2"}, "width: mobilenet_v2 has one of its own; mlp, cnn, .* can be made"),
        ({"width": 8, "model": "nets:build"}, "width: nets:build has one of its own"),
        ({"weights": "imagenet"}, "weights: cnn begins with random ones, 'imagenet' found; of mobilenet_v2, "),
        ({"freeze_epochs": 2}, "freeze_epochs: cnn has no trained weights to keep at first; mobilenet_v2, "),
        ({"freeze_epochs": -2}, "freeze_epochs: 0 or more, or -1 for a third of all epochs, expected, -2 found"),
    ],
)
def test_a_choice_that_a_network_does_not_have_is_refused_by_name(values: dict[str, object], said: str) -> None:
    with pytest.raises(FieldError, match=said):
        TrainConfig(**values)  # type: ignore[arg-type]  # one value each, of its field's type


def test_a_network_brings_its_own_epochs_which_few_pictures_still_raise() -> None:
    assert sized_for(54_000, "mlp").epochs == NETWORKS["mlp"].habits.epochs == 12
    assert sized_for(54_000, "mlp").model == "mlp"
    assert sized_for(287, "mlp").epochs == 40
    assert sized_for(54_000, "nets:build").epochs == sized_for(54_000).epochs


def test_the_network_that_is_asked_for_is_known_before_its_defaults_are_chosen(tmp_path: object) -> None:
    assert asked_model(None, {}) == "cnn"
    assert asked_model(None, {}, TrainConfig(model="lstm")) == "lstm"
    assert asked_model(None, {"model": "mlp"}, TrainConfig(model="lstm")) == "mlp"
