"""Whether the device that was asked for is there. There is no silent way from the GPU to the CPU."""

import os
import shutil
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from edge_runtime.device.container import in_container
from edge_runtime.errors import EdgeError
from train.config import DeviceName
from train.distributed.hosts import ALONE, Hosts
from train.distributed.parallel import join
from train.framework import TITLES, FrameworkName, framework

MAKE, FLAG = "DEVICE=cpu", "--device cpu"  # how to ask for the CPU, of make and of a command
# Settings with which a framework sees no GPU.
CUDA_HIDDEN: dict[str, tuple[str, ...]] = {"CUDA_VISIBLE_DEVICES": ("", "-1")}
HIDING: dict[FrameworkName, dict[str, tuple[str, ...]]] = {
    "tensorflow": CUDA_HIDDEN,
    "jax": {**CUDA_HIDDEN, "JAX_PLATFORMS": ("cpu",)},
}
WITHOUT_CUDA: dict[FrameworkName, str] = {
    "tensorflow": "the installed TensorFlow is built without CUDA: 'make setup DEVICE=gpu' installs the other one",
    "jax": "the installed JAX has no CUDA part: install what locks/train-jax-gpu.txt lists",
}


def prepare_device(device: DeviceName, hosts: Hosts = ALONE, cpu: str = FLAG) -> str:
    """Makes the framework use `device`, joins the hosts, and returns the device's name for the record.

    That is a GPU's model, or ``cpu``. To be called before anything else imports the framework, or the GPUs cannot be
    hidden and the hosts not joined. `cpu` is how whoever asked would ask for the CPU.

    Raises:
        EdgeError: `gpu` was asked for and the framework sees none; the message says what is missing.
    """
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
        join(hosts)
        return "cpu"
    if framework() == "jax":
        # Without this JAX takes three quarters of each GPU's memory at once, and a server's other users find little.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        join(hosts)
        return _jax_gpu(cpu)
    return _tensorflow_gpu(cpu)


def prepare_for_judging(asked: DeviceName | None, say: Callable[[str], None]) -> str:
    """Does what `prepare_device` does; where nobody asked for a device, takes a GPU if there is one, else the CPU.

    Judging gives the same on either. Which one it is, and why, is said.

    Args:
        asked: What was asked for, if anything.
        say: Where to put a line for the person who watches.

    Raises:
        EdgeError: `gpu` was asked for and the framework sees none.
    """
    try:
        device = prepare_device(asked or "gpu")
        say(f"judging on {'the CPU' if device == 'cpu' else device}")
    except EdgeError:
        if asked is not None:
            raise
        # Nothing is to be hidden: there is none to be seen.
        device = "cpu"
        say(f"judging on the CPU: {_seen_none(framework())}")
    return device


def _seen_none(name: FrameworkName) -> str:
    if hidden := _hiding(name):
        return f"{hidden} hides every GPU"
    if _has_driver():
        return f"NVIDIA's driver is here and {TITLES[name]} sees no GPU; --device gpu says what is missing"
    return f"{TITLES[name]} sees no GPU here"


def _tensorflow_gpu(cpu: str) -> str:
    from train.backend import engine as tensorflow

    gpus = tensorflow.config.list_physical_devices("GPU")
    if not gpus:
        raise EdgeError(_why("tensorflow", cpu, cuda_build=bool(tensorflow.test.is_built_with_cuda())))
    names = [tensorflow.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    return str(names[0])


def _jax_gpu(cpu: str) -> str:
    from train.backend import engine as jax

    try:
        return str(jax.local_devices(backend="gpu")[0].device_kind)
    except RuntimeError as error:  # "Unknown backend: 'gpu' requested", or what CUDA itself had to say
        plugin = any(found.name.startswith("jax-cuda") for found in distributions() if found.name)
        raise EdgeError(_why("jax", cpu, cuda_build=plugin)) from error


def _why(name: FrameworkName, cpu: str, *, cuda_build: bool) -> str:
    return why_no_gpu(
        driver=_has_driver(),
        cuda_build=cuda_build,
        container=in_container(),
        hidden=_hiding(name),
        framework=name,
        cpu=cpu,
    )


def _has_driver() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def _hiding(name: FrameworkName) -> str | None:
    """Returns the setting that hides every GPU from the framework, such as ``CUDA_VISIBLE_DEVICES=-1``, or None."""
    for variable, values in HIDING[name].items():
        value = os.environ.get(variable)
        if value is not None and value.strip() in values:
            return f"{variable}={value}"
    return None


def why_no_gpu(
    *,
    driver: bool,
    cuda_build: bool,
    container: bool,
    hidden: str | None,
    framework: FrameworkName = "tensorflow",
    cpu: str = FLAG,
) -> str:
    """Returns the sentence for somebody who asked for a GPU that the framework does not see.

    Args:
        driver: Whether NVIDIA's driver shows itself here.
        cuda_build: Whether the installed framework can use CUDA at all.
        container: Whether this is a container.
        hidden: The setting that hides every GPU, such as ``CUDA_VISIBLE_DEVICES=-1``, or None.
        framework: Which one.
        cpu: How to ask for the CPU instead.
    """
    title = TITLES[framework]
    reasons = []
    if hidden is not None:
        reasons.append(f"{hidden} hides every GPU")
    if not driver and container:
        reasons.append("this container sees no NVIDIA driver: start it with --gpus all on a host that has one")
    elif not driver:
        reasons.append("there is no NVIDIA driver (no nvidia-smi): install it, or choose a machine with a GPU")
    if not cuda_build and driver:
        reasons.append(WITHOUT_CUDA[framework])
    if not reasons:
        reasons.append(
            "driver and CUDA build are there, so a library or the driver's version does not fit: "
            f"TF_CPP_MIN_LOG_LEVEL=0 makes {title} say which"
        )
    remedy = f"For the CPU say so: the same with {cpu}"
    return f"device 'gpu' was asked for and {title} sees none: {'; '.join(reasons)}. {remedy}"
