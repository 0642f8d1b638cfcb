"""Trains a model on a prepared dataset and leaves a run directory, in one sitting or several, on one host or many."""

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.errors import RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.checkpoint import BEST, CHECKPOINT, HISTORY, identity, read_checkpoint, remove_leftovers, write_checkpoint
from train.config import TrainConfig
from train.device import prepare_device
from train.history import Epoch, is_over, read_history, remember, to_csv
from train.hosts import ALONE, Hosts
from train.meeting import meet
from train.parallel import alone, check_agreement, failures_told, share_batches, wait_for_all
from train.record import record_of
from train.share import Share
from train.started import CURVES, check_owner, claim, held, start_over
from train.versions import versions

Say = Callable[[str], None]
FEW_STEPS = 200  # with 2,000 pictures of Fashion-MNIST 189 steps of 32 gave 0.82; a few dozen leave BatchNorm unsettled


@dataclass(frozen=True)
class Fitted:
    """What came of `fit`.

    Attributes:
        history: The run's epochs.
        fresh: Whether anything was trained now.
    """

    history: tuple[Epoch, ...]
    fresh: bool


def fit(
    prepared: Prepared, run: Path, config: TrainConfig, hosts: Hosts = ALONE, *, fresh: bool, verbose: int, say: Say
) -> Fitted:
    """Trains, or goes on training, or finds that all is done; Keras is imported only when there is work for it.

    Args:
        prepared: The dataset.
        run: The run directory.
        config: How to train.
        hosts: Who takes part; each of them calls this with the same dataset, run directory and configuration.
        fresh: Whether what is in `run` is removed first.
        verbose: Keras' own: 1 for a progress bar, 2 for a line an epoch, 0 for silence.
        say: Where to put a line for the person who watches.

    Raises:
        RunError: `run` belongs to another configuration or dataset, is in use, or training diverged.
        EdgeError: The device is not there, or another host is not.
        DatasetError: The dataset is damaged.
    """
    if fresh and hosts.first:
        start_over(run)
    # The other hosts do not look before they have met host 0: it may be removing what is there.
    if hosts.first or not fresh:
        check_owner(run, config, prepared)
        if (run / stage.RECORD).is_file():
            stage.open_run(run)
            return Fitted(read_history(run / HISTORY), fresh=False)
    same = {"dataset": prepared.digest, "--fresh": fresh, **dataclasses.asdict(config), **versions()}
    meet(hosts, same)
    with failures_told(hosts):
        device = prepare_device(config.device, hosts)
        try:
            with _owned(run, config, prepared) if hosts.first else contextlib.nullcontext():
                history = _train(prepared, run, config, hosts, device, verbose, say)
                if hosts.first:
                    _finish(prepared, run, history, f"{device}, {hosts.count} hosts" if hosts.several else device)
                wait_for_all(hosts, "the run directory is written")
        except OSError as error:
            raise RunError(f"{error.filename or run}: cannot be written: {error.strerror or error}") from error
    return Fitted(history, fresh=True)


@contextlib.contextmanager
def _owned(run: Path, config: TrainConfig, prepared: Prepared) -> Iterator[None]:
    claim(run, config, prepared)
    with held(run):
        remove_leftovers(run)
        yield


def _train(
    prepared: Prepared, run: Path, config: TrainConfig, hosts: Hosts, device: str, verbose: int, say: Say
) -> tuple[Epoch, ...]:
    from train.backend import keras
    from train.batches import EVALUATION_BATCH, Batches
    from train.interruption import Interruption
    from train.models import build_model
    from train.recorder import Recorder

    record = prepared.record
    training, validation = prepared.split("train"), prepared.split("validation")
    check_agreement(
        hosts,
        lambda: identity(run),
        f"{run}: the hosts see different checkpoints in it; --run is to be on a volume "
        "that all of them share; if it is, start again: what host 0 wrote last may take a while to arrive",
    )
    devices = share_batches(hosts, config.batch_size)
    share = Share(hosts.index, hosts.count, devices)
    batches = Batches(training, config.batch_size, config.seed, flip=config.flip, share=share)
    keras.utils.set_random_seed(config.seed)
    steps = config.epochs * batches.num_batches
    resumed = read_checkpoint(run)
    if resumed is None:
        model = build_model(config, record.spec.preprocessing.size, len(record.spec.labels), record.grey, steps)
        history: tuple[Epoch, ...] = ()
    else:
        model, history = resumed
        say(f"continuing after epoch {len(history)} of at most {config.epochs}")
    if is_over(history, config.epochs, config.patience):
        return history  # killed between the last epoch and the end
    say(
        f"{config.model}: {model.count_params():,} parameters; {record.name}: {len(training.labels):,} pictures to "
        f"train on, {len(validation.labels):,} to validate; at most {config.epochs} epochs on {device}"
        + (f", {hosts}, {config.batch_size // hosts.count} pictures of each step" if hosts.several else "")
    )
    if steps < FEW_STEPS:
        say(f"note: {steps} steps are few: raise --epochs, lower --batch-size, or leave both out")

    def keep(rows: tuple[Epoch, ...], now: Any) -> None:
        if not hosts.first:
            return
        with alone(hosts):
            write_checkpoint(run, now, rows)
        write_atomically(run / HISTORY, to_csv(rows))

    validated = len(validation.labels)
    recorder = Recorder(history, config.epochs, config.patience, config.seed, validated, keep, time.monotonic)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start(epoch))
    with Interruption() as interruption:
        model.fit(
            batches,
            shuffle=False,  # Keras would shuffle the batches once more, by a state that is lost between two sittings
            validation_data=Batches(validation, max(1, EVALUATION_BATCH // devices) * devices, share=share),
            initial_epoch=len(history),
            epochs=config.epochs,
            callbacks=[keras.callbacks.TerminateOnNaN(), order, recorder, interruption],
            verbose=verbose if hosts.first else 0,
        )
    if recorder.diverged is not None:
        raise RunError(
            f"{run}: the loss stopped being a number in epoch {recorder.diverged}; "
            f"lower --learning-rate (it was {config.learning_rate}) and start over with --fresh"
        )
    return recorder.history


def _finish(prepared: Prepared, run: Path, history: tuple[Epoch, ...], device: str) -> None:
    from train.plots import learning_curves

    content = (run / CHECKPOINT / BEST).read_bytes()
    write_atomically(run / stage.MODEL, content)
    stage.write_spec(run, prepared.record.spec)
    write_atomically(run / HISTORY, to_csv(history))
    write_atomically(run / CURVES, learning_curves(history, remember(history).best_epoch))
    stage.write_record(run, record_of(prepared, content, device))
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
