from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig
from train.fitting.agreed import terms

CONFIG = TrainConfig(device="cpu")
MISSING = "No such file or directory"


@pytest.mark.parametrize(
    ("changed", "file", "named"),
    [
        ({"model": "mobilenet_v2", "weights": "w.npz"}, "w.npz", "--weights w.npz"),
        ({"start": "runs/first"}, "runs/first/model.keras", "--from runs/first"),
        ({"teacher": "runs/first"}, "runs/first/model.keras", "--teacher runs/first"),
        ({"model": "nets.mine:build"}, "nets/mine.py", "--model nets.mine:build"),
    ],
)
def test_a_file_that_the_configuration_names_counts_by_its_content(
    changed: dict[str, str], file: str, named: str, small: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, found = replace(CONFIG, **changed), []  # type: ignore[arg-type]  # mypy cannot see the names
    for host in ("first", "second", "third"):
        place = tmp_path / host / file
        place.parent.mkdir(parents=True)
        if host != "third":
            place.write_bytes(host.encode())
        monkeypatch.chdir(tmp_path / host)
        found.append(terms(small, config, fresh=False))
    one, other, without = found
    assert {name for name in one if one[name] != other[name]} == {f"content of {named}"}
    assert str(one[f"content of {named}"]).startswith("sha256 ")
    assert without[f"content of {named}"] == MISSING, "and where all lack it they agree, and each says so"


@pytest.mark.parametrize("weights", ["", "imagenet", "none"])
def test_words_in_a_files_place_name_no_file(weights: str, small: Prepared) -> None:
    config = replace(CONFIG, model="mobilenet_v2", weights=weights)
    assert not [name for name in terms(small, config, fresh=True) if name.startswith("content")]
