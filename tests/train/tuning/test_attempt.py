"""A trial needs what trains and what converts; an environment for training alone has the first."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy

from edge_runtime.stages.prepared import Prepared
from tests.support import ROOT
from train.config import TrainConfig
from train.tuning.attempt import attempt
from train.tuning.record import Trial

CONVERTERS = ("ai_edge_litert", "ai_edge_quantizer")  # of those that are needed, what locks/train.txt lacks


def test_an_environment_that_only_trains_is_told_what_it_lacks_before_anything_is_written(
    small: Prepared, tmp_path: Path
) -> None:
    installed, packages = Path(numpy.__file__).parents[1], tmp_path / "packages"
    packages.mkdir()
    for path in installed.iterdir():
        if not path.name.startswith(CONVERTERS):
            (packages / path.name).symlink_to(path)
    places = ["--data", str(small.directory), "--study", str(tmp_path / "study")]
    command = [sys.executable, "-S", "-m", "train", "tune", *places]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run([*command, "--device", "cpu"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("train: error: a trial is converted to int8 ")
    assert "and ai_edge_litert, ai_edge_quantizer is not installed here. 'make tune' does it in .venv" in done.stderr
    assert not (tmp_path / "study").exists()


def test_who_watches_sees_each_step_of_a_trial_in_turn(small: Prepared, tmp_path: Path) -> None:
    config = TrainConfig(model="mlp", width=16, epochs=2, batch_size=100, device="cpu")
    shown: list[str] = []
    with (tmp_path / "held").open("wb") as held:
        found = attempt(tmp_path, small.directory, Trial(0, "running", config), [], held.fileno(), shown.append)
    assert found.state == "finished"
    steps = [what for what, _ in itertools.groupby(shown)]
    assert steps[0] == "epoch 1 of 2"
    assert steps[-2:] == ["converting to int8", "measuring the int8 file"]
    assert f"epoch 2 of 2, {found.accuracies[-1]:.4f} after the one before" in steps
