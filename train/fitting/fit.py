"""Trains a model on a prepared dataset and leaves a run directory, in one sitting or several, on one host or many."""

import contextlib
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import RunError, UsageError
from edge_runtime.files import write_atomically
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.augmentation.settings import changes
from train.config import TrainConfig
from train.device import prepare_device
from train.distributed.hosts import ALONE, Hosts
from train.distributed.meeting import meet
from train.distributed.parallel import alone, check_agreement, failures_told, share_batches, wait_for_all
from train.distributed.share import Share
from train.fitting.agreed import terms
from train.fitting.checkpoint import (
    BEST,
    CHECKPOINT,
    HISTORY,
    identity,
    remove_leftovers,
)
from train.fitting.history import Epoch, is_over, read_history, remember, to_csv
from train.fitting.record import record_of
from train.fitting.started import AUGMENTED, CURVES, begin, check_owner, check_replaceable, held
from train.framework import framework
from train.models.backbone import check_warmup

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
    prepared: Prepared,
    run: Path,
    config: TrainConfig,
    hosts: Hosts = ALONE,
    *,
    fresh: bool,
    verbose: int,
    say: Say,
    tensorboard: Path | None = None,
) -> Fitted:
    """Trains, or goes on training, or finds that all is done; Keras is imported only when there is work for it.

    Args:
        prepared: The dataset.
        run: The run directory.
        config: How to train.
        hosts: Who takes part; each of them calls this with the same dataset, run directory and configuration.
        fresh: Whether what is in `run` gives way, once everything is there to train with.
        verbose: Keras' own: 1 for a progress bar, 2 for a line an epoch, 0 for silence.
        say: Where to put a line for the person who watches.
        tensorboard: Where TensorBoard's log of each epoch goes, if anywhere; it decides nothing about the model.

    Raises:
        RunError: `run` belongs to another configuration or dataset, is in use, or is what is to be learned from.
        DivergedError: Its loss stopped being a number.
        EdgeError: The device is not there, or another host is not.
        DatasetError: The dataset is damaged.
    """
    if tensorboard is not None and framework() == "jax":
        raise UsageError("--tensorboard: its logs are written by TensorFlow, and Keras runs on JAX here; leave it out")
    check_warmup(config)
    for flag, earlier in (("--from", config.start), ("--teacher", config.teacher)):
        if earlier and Path(earlier).resolve() == run.resolve():
            raise UsageError(f"{flag} {earlier}: is the run that is to be written; train into another --run")
    if fresh:
        check_replaceable(run)
    else:
        check_owner(run, config, prepared)
        if (run / stage.RECORD).is_file():
            stage.open_run(run)
            return Fitted(read_history(run / HISTORY), fresh=False)
    if hosts.several:
        meet(hosts, terms(prepared, config, fresh=fresh))
    with failures_told(hosts):
        device = prepare_device(config.device, hosts)
        try:
            with held(run) if hosts.first else contextlib.nullcontext():
                if hosts.first:
                    remove_leftovers(run)
                history = _train(prepared, run, config, hosts, device, verbose, say, tensorboard, fresh=fresh)
                if hosts.first:
                    with alone(hosts):
                        named = f"{device}, {hosts.count} hosts" if hosts.several else device
                        _finish(prepared, run, config, history, named)
                wait_for_all(hosts, "the run directory is written")
        except OSError as error:
            raise RunError(f"{error.filename or run}: cannot be written: {error.strerror or error}") from error
    return Fitted(history, fresh=True)


def _train(
    prepared: Prepared,
    run: Path,
    config: TrainConfig,
    hosts: Hosts,
    device: str,
    verbose: int,
    say: Say,
    tensorboard: Path | None,
    *,
    fresh: bool,
) -> tuple[Epoch, ...]:
    from train.backend import keras
    from train.fitting.batches import Batches
    from train.fitting.begin import learner_for, model_for, teacher_for
    from train.fitting.phase import train_phase
    from train.fitting.spread import gpus, sharing, spread_over
    from train.models.backbone import phases
    from train.models.cost import cost

    check_agreement(
        hosts,
        lambda: b"" if fresh else identity(run),
        f"{run}: the hosts see different checkpoints in it; --run is to be on a volume "
        "that all of them share; if it is, start again: what host 0 wrote last may take a while to arrive",
    )
    there = [] if hosts.several else gpus()
    used = sharing(config.batch_size, there)
    devices = share_batches(hosts, config.batch_size) if hosts.several else max(1, len(used))
    share = Share(hosts.index, hosts.count, devices)
    spread = spread_over(used)
    mixes = bool(config.mixup or config.cutmix)
    training = prepared.split("train")
    batches = Batches(training, config.batch_size, config.seed, flip=config.flip, share=share, labelled=mixes)
    keras.utils.set_random_seed(config.seed)
    with spread():
        plain, history = model_for(prepared, None if fresh else run, config, say)
        if _is_over(history, config):
            return history  # killed between the last epoch and the end
        teacher = teacher_for(config, prepared)
    record, steps = prepared.record, batches.num_batches
    say(
        f"{config.model}: {cost(plain)}\n{record.name}: {record.counts['train']:,} "
        f"pictures to train on, {record.counts['validation']:,} to validate; at most {config.epochs} "
        f"{'epoch' if config.epochs == 1 else 'epochs'} on {device}"
        + (f", {hosts}, {config.batch_size // hosts.count} pictures of each step" if hosts.several else "")
    )
    if len(used) < len(there):
        say(
            f"note: {len(used)} of {len(there)} GPUs train, for more cannot share {config.batch_size} pictures a step "
            f"evenly; all do with --batch-size {math.ceil(config.batch_size / len(there)) * len(there)}"
        )
    if config.epochs * steps < FEW_STEPS:
        say(f"note: {config.epochs * steps} steps are few: raise --epochs, lower --batch-size, or leave both out")
    if hosts.first and not history:
        begin(run, config, prepared)
    if hosts.first and changes(config) and not history:
        from train.augmentation.picture import SHOWN, samples

        pixels, labels, *_ = Batches(training, SHOWN, config.seed, flip=config.flip)[0]
        with alone(hosts):
            write_atomically(run / AUGMENTED, samples(pixels, labels, len(record.spec.labels), config, config.seed))
    for phase in phases(config):
        if len(history) >= phase.end or _is_over(history, config):
            continue
        # What one host alone has drawn, for the pictures above or a file, the others have not; layers begin with drawn
        # values, which JAX compares. What training draws follows from seed and epoch.
        keras.utils.set_random_seed(config.seed)
        with spread():
            learner = learner_for(plain, teacher, prepared, config, phase, steps, anew=len(history) == phase.first)
        if phase.end < config.epochs:
            say(f"epochs {phase.first + 1} to {phase.end}: the last layer alone learns")
        history = train_phase(learner, batches, prepared, run, config, phase, history, hosts, verbose, tensorboard)
    return history


def _is_over(history: tuple[Epoch, ...], config: TrainConfig) -> bool:
    from train.models.backbone import phases

    last = phases(config)[-1]
    return len(history) > last.first and is_over(history, config.epochs, config.patience, last.first)


def _finish(prepared: Prepared, run: Path, config: TrainConfig, history: tuple[Epoch, ...], device: str) -> None:
    from train.backend import keras
    from train.fitting.curves import learning_curves
    from train.models.description import describe

    content = (run / CHECKPOINT / BEST).read_bytes()
    write_atomically(run / stage.MODEL, content)
    stage.write_spec(run, prepared.record.spec)
    write_atomically(run / HISTORY, to_csv(history))
    write_atomically(run / CURVES, learning_curves(history, remember(history).best_epoch))
    describe(run, keras.models.load_model(run / stage.MODEL, compile=False))
    stage.write_record(run, record_of(prepared, content, device, config))
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
