"""Whether the device that was asked for is there. There is no silent way from the GPU to the CPU."""

import os
import shutil
from pathlib import Path

from edge_runtime.errors import EdgeError
from train.config import DeviceName

REMEDY = "To train on the CPU instead say so: make train DEVICE=cpu, or --device cpu"


def prepare_device(device: DeviceName) -> str:
    """Makes TensorFlow use `device` and returns its name for the record: a GPU's model, or ``cpu``.

    To be called before anything else imports TensorFlow, or the GPUs cannot be hidden.

    Raises:
        EdgeError: `gpu` was asked for and TensorFlow sees none; the message says what is missing.
    """
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        return "cpu"
    from train.backend import tensorflow

    gpus = tensorflow.config.list_physical_devices("GPU")
    if not gpus:
        raise EdgeError(
            why_no_gpu(
                driver=shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists(),
                cuda_build=bool(tensorflow.test.is_built_with_cuda()),
                container=any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")),
                hidden=os.environ.get("CUDA_VISIBLE_DEVICES"),
            )
        )
    for gpu in gpus:
        # Without this TensorFlow takes all memory of every GPU it sees, and a server's other users find none.
        tensorflow.config.experimental.set_memory_growth(gpu, True)
    names = [tensorflow.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return str(names[0])


def why_no_gpu(*, driver: bool, cuda_build: bool, container: bool, hidden: str | None) -> str:
    """Returns the sentence for somebody who asked for a GPU that TensorFlow does not see.

    Args:
        driver: Whether NVIDIA's driver shows itself here.
        cuda_build: Whether the installed TensorFlow can use CUDA at all.
        container: Whether this is a container.
        hidden: The value of ``CUDA_VISIBLE_DEVICES``, or None.
    """
    reasons = []
    if hidden is not None and hidden.strip() in ("", "-1"):
        reasons.append(f"CUDA_VISIBLE_DEVICES={hidden} hides every GPU")
    if not driver and container:
        reasons.append("this container sees no NVIDIA driver: start it with --gpus all on a host that has one")
    elif not driver:
        reasons.append("there is no NVIDIA driver (no nvidia-smi): install it, or choose a machine with a GPU")
    if not cuda_build and driver:
        reasons.append("the installed TensorFlow is built without CUDA: 'make setup DEVICE=gpu' installs the other one")
    if not reasons:
        reasons.append(
            "driver and CUDA build are there, so a library or the driver's version does not fit: "
            "TF_CPP_MIN_LOG_LEVEL=0 makes TensorFlow say which"
        )
    return f"device 'gpu' was asked for and TensorFlow sees none: {'; '.join(reasons)}. {REMEDY}"
