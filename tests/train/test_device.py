import subprocess
import sys

import pytest

from train.device import why_no_gpu


def test_the_cpu_needs_nothing_and_hides_the_gpus() -> None:
    code = (
        "import os; from train.device import prepare_device as p; print(p('cpu'), os.environ['CUDA_VISIBLE_DEVICES'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu", "-1"]


@pytest.mark.parametrize(
    ("driver", "cuda_build", "container", "hidden", "wanted", "unwanted"),
    [
        (False, True, False, None, "no NVIDIA driver (no nvidia-smi)", "make setup"),
        (False, True, True, None, "--gpus all", "nvidia-smi"),
        (True, False, False, None, "make setup DEVICE=gpu", "driver ("),
        (True, True, False, "-1", "CUDA_VISIBLE_DEVICES=-1 hides", "driver ("),
        (True, True, False, None, "TF_CPP_MIN_LOG_LEVEL=0", "make setup"),
    ],
)
def test_what_is_missing_for_a_gpu_is_named(
    driver: bool, cuda_build: bool, container: bool, hidden: str | None, wanted: str, unwanted: str
) -> None:
    sentence = why_no_gpu(driver=driver, cuda_build=cuda_build, container=container, hidden=hidden)
    assert wanted in sentence
    assert unwanted not in sentence
    assert "make train DEVICE=cpu, or --device cpu" in sentence


def test_several_reasons_are_all_named() -> None:
    sentence = why_no_gpu(driver=True, cuda_build=False, container=False, hidden="-1")
    assert "CUDA_VISIBLE_DEVICES=-1 hides" in sentence
    assert "make setup DEVICE=gpu" in sentence


def test_without_a_driver_nobody_is_told_to_install_gigabytes_for_it() -> None:
    assert "make setup" not in why_no_gpu(driver=False, cuda_build=False, container=False, hidden=None)
