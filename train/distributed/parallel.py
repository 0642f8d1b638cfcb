"""What several hosts do together, through JAX; each function does nothing, or the obvious, where there is one host.

Keras' variables are whole on every host and each host computes its part of every batch (`keras.distribution`). What
costs the hosts a wrong step in common is a collective that one of them never enters: the others wait in it. So every
host calls the same functions in the same order, but inside `alone`.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator

from edge_runtime.errors import EdgeError
from train.distributed.farewell import listen
from train.distributed.hosts import Hosts, check_batch

JOINING_TIMEOUT = 60  # seconds; the hosts have just met, so this is for the network's moods
# Seconds without a sign of life after which JAX ends every host. A host that dies is noticed at once where its
# connections break, which is on the CPU; NCCL on GPUs and a host that froze or lost its network need this.
HEARTBEAT_TIMEOUT = 60
FAREWELL_TIMEOUT = 10  # seconds at the end, when all have finished together


def join(hosts: Hosts) -> None:
    """Connects this process with the others; to be called before anything is computed.

    The environment has said by then which devices there are. After `train.distributed.meeting.meet`: what fails here
    ends the process without a Python exception.
    """
    if not hosts.several:
        return
    # gRPC would go through $http_proxy, which leads out of a cluster and not to the machine beside.
    os.environ["no_grpc_proxy"] = hosts.address[0]  # noqa: SIM112  gRPC reads it in lower case
    from train.backend import engine as jax

    jax.config.update("jax_check_proxy_envs", False)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # the CPU has none otherwise
    # It takes SIGTERM for itself, and an orderly end would no longer be one.
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        hosts.coordinator,
        hosts.count,
        hosts.index,
        initialization_timeout=JOINING_TIMEOUT,
        heartbeat_timeout_seconds=HEARTBEAT_TIMEOUT,
        shutdown_timeout_seconds=FAREWELL_TIMEOUT,
    )
    listen(hosts)


def share_batches(hosts: Hosts, batch_size: int) -> int:
    """Makes Keras spread each batch over all devices of all hosts and returns how many those are; 1 for one host.

    Raises:
        UsageError: `batch_size` cannot be shared out evenly to them.
    """
    if not hosts.several:
        return 1
    from train.backend import engine as jax
    from train.backend import keras

    check_batch(batch_size, jax.device_count(), f"devices of {hosts.count} hosts")
    # Each host reads its own part of the shared dataset; Keras could only do that to a tf.data.Dataset.
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    return int(jax.device_count())


def wait_for_all(hosts: Hosts, what: str) -> None:
    """Returns when every host has come to the point that `what` names."""
    if hosts.several:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(what)


def check_agreement(hosts: Hosts, content: Callable[[], bytes], sentence: str) -> None:
    """Makes sure that `content`, called when every host has come here, returns the same everywhere.

    Raises:
        EdgeError: With `sentence`, on every host.
    """
    if not hosts.several:
        return
    import numpy as np
    from jax.experimental import multihost_utils

    wait_for_all(hosts, sentence)
    digests = multihost_utils.process_allgather(np.frombuffer(hashlib.sha256(content()).digest(), np.uint8))
    if (digests != digests[0]).any():
        raise EdgeError(sentence)


@contextlib.contextmanager
def alone(hosts: Hosts) -> Iterator[None]:
    """Lets this host use Keras in the block without the others.

    Saving a model makes a few variables of its own, and a variable that is spread over the hosts is compared between
    them: one host that saves would wait for ever for the others, or meet them in the midst of something else.
    """
    if not hosts.several:
        yield
        return
    from train.backend import keras

    together = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(together)


@contextlib.contextmanager
def failures_told(hosts: Hosts) -> Iterator[None]:
    """Turns what JAX raises when another host has gone into a sentence, and keeps Gloo's talk out of standard output.

    Raises:
        EdgeError: Another host has gone.
    """
    if not hosts.several:
        yield
        return
    from train.backend import engine as jax

    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # Gloo writes "Rank 0 is connected to 1 peer ranks" to file descriptor 1, where results belong
    os.close(nowhere)
    try:
        yield
    except Exception as error:
        # A broken connection comes as ValueError where Keras places a variable.
        if not isinstance(error, jax.errors.JaxRuntimeError) and "Gloo" not in str(error):
            raise
        raise EdgeError(
            f"{hosts}: the work in common broke off, most likely because another host did: {_first_line(error)}; "
            "start the same command on every host again, it goes on after the last finished epoch"
        ) from error
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
