import os
import subprocess
import sys

import pytest

from tests.support import ROOT, python
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
        (True, True, False, "CUDA_VISIBLE_DEVICES=-1", "CUDA_VISIBLE_DEVICES=-1 hides", "driver ("),
        (True, True, False, None, "TF_CPP_MIN_LOG_LEVEL=0", "make setup"),
    ],
)
def test_what_is_missing_for_a_gpu_is_named(
    driver: bool, cuda_build: bool, container: bool, hidden: str | None, wanted: str, unwanted: str
) -> None:
    sentence = why_no_gpu(driver=driver, cuda_build=cuda_build, container=container, hidden=hidden)
    assert wanted in sentence
    assert unwanted not in sentence
    assert sentence.endswith(". For the CPU say so: the same with --device cpu")


def test_several_reasons_are_all_named() -> None:
    sentence = why_no_gpu(driver=True, cuda_build=False, container=False, hidden="CUDA_VISIBLE_DEVICES=-1")
    assert "CUDA_VISIBLE_DEVICES=-1 hides" in sentence
    assert "make setup DEVICE=gpu" in sentence


def test_without_a_driver_nobody_is_told_to_install_gigabytes_for_it() -> None:
    assert "make setup" not in why_no_gpu(driver=False, cuda_build=False, container=False, hidden=None)


def test_jax_is_told_about_in_its_own_words() -> None:
    sentence = why_no_gpu(driver=True, cuda_build=False, container=False, hidden=None, framework="jax")
    assert "JAX sees none: the installed JAX has no CUDA part" in sentence
    assert "locks/train-jax-gpu.txt" in sentence
    assert "TensorFlow" not in sentence


def test_jax_on_the_cpu_looks_for_nothing_else_and_on_the_gpu_never_falls_back() -> None:
    code = (
        "import os, sys; from edge_runtime.console import guard; from train.device import prepare_device as p; "
        "sys.exit(guard('train', lambda: print(p(sys.argv[1]), os.environ['JAX_PLATFORMS']) or 0))"
    )
    env = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    assert python("-c", code, "cpu", env=env).stdout.split() == ["cpu", "cpu"]
    refused = python("-c", code, "gpu", env=env)
    assert refused.returncode == 1
    assert "device 'gpu' was asked for and JAX sees none: JAX_PLATFORMS=cpu hides every GPU" in refused.stderr
    assert "--device cpu" in refused.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("None", "judging on the CPU: CUDA_VISIBLE_DEVICES=-1 hides every GPU"),
        ("'cpu'", "judging on the CPU"),
    ],
)
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_judging_is_on_what_is_there_and_says_which(asked: str, said: str, backend: str) -> None:
    code = f"from train.device import prepare_for_judging as p; print(p({asked}, print))"
    env = {**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"}
    done = python("-c", code, env=env)
    assert done.stdout.splitlines() == [said, "cpu"], done.stderr


def test_whoever_came_by_make_is_told_what_to_add_there_and_nothing_else() -> None:
    env = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = ("-m", "train", "preflight", "--device", "gpu")
    typed = python(*command, env=env)
    assert typed.stderr.endswith(". For the CPU say so: the same with --device cpu\n")
    made = python(*command, "--then", "fit", "--data", "none", "--run", "none", env=env)
    assert (made.returncode, made.stderr.count("make train")) == (1, 0)
    assert made.stderr.endswith(". For the CPU say so: the same with DEVICE=cpu\n")


def test_judging_on_a_gpu_that_was_asked_for_never_falls_back() -> None:
    done = python("-m", "train", "evaluate", "--help")
    assert "--device {gpu,cpu}" in done.stdout
    code = (
        "import sys; from edge_runtime.console import guard; from train.device import prepare_for_judging as p; "
        "sys.exit(guard('train', lambda: print(p('gpu', print)) or 0))"
    )
    refused = python("-c", code, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "device 'gpu' was asked for and TensorFlow sees none: CUDA_VISIBLE_DEVICES=-1 hides" in refused.stderr


def test_a_gpus_memory_is_taken_as_it_is_needed_and_nothing_is_set_once_tensorflow_has_started() -> None:
    # TensorFlow refuses set_memory_growth as soon as its device runtime has started, which importing it here does.
    code = (
        "import os; from train.backend import engine; from tensorflow.python.eager import context; "
        "print(os.environ['TF_FORCE_GPU_ALLOW_GROWTH'], context.context()._context_handle is not None)"
    )
    assert python("-c", code).stdout.split() == ["true", "True"]
    assert "set_memory_growth(" not in (ROOT / "train" / "device.py").read_text("utf-8")
