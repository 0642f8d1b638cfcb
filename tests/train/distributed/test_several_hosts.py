"""Two processes of this machine train one model on JAX through the command line, and one is killed on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, write_prepared
from edge_runtime.stages.run import open_run
from tests.support import ROOT, python
from train.backend import keras
from train.config import TrainConfig
from train.fitting.history import Epoch, read_history
from train.fitting.record import record_of
from train.fitting.started import claim
from train.models.build import build_model

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# Steps of 64, 64 and 8 pictures; 101 to validate on cannot be halved.
COUNTS = {"train": 136, "validation": 101, "test": 50}
EPOCHS = 3
FLAGS = ["--epochs", EPOCHS, "--batch-size", 64, "--flip", "--seed", 3, "--learning-rate", 0.001, "--device", "cpu"]
FLAGS += ["--width", 8, "--mixup", 0.4]
# The flag halves the time; most of it goes into compiling.
JAX = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_backend_optimization_level=0"}


@dataclass(frozen=True)
class End:
    """How a process ended."""

    code: int
    out: str
    talk: str


@contextmanager
def two(*arguments: object, places: tuple[Path, Path] = (ROOT, ROOT)) -> Iterator[list["subprocess.Popen[str]"]]:
    """Starts this Python twice, as host 0 and host 1, in `places`; what is still at work at the end is killed."""
    with socket.create_server(("localhost", 0)) as server:
        several = ["--hosts", 2, "--coordinator", f"localhost:{server.getsockname()[1]}", "--host"]
    processes = [
        subprocess.Popen(
            [sys.executable, *map(str, (*arguments, *several, index))],
            env={**JAX, "PYTHONPATH": str(ROOT)},
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index, place in enumerate(places)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def until(true: Callable[[], bool], processes: list["subprocess.Popen[str]"]) -> None:
    """Returns when it is true; all processes are at work until then."""
    deadline = time.monotonic() + 120
    while not true():
        assert [process.poll() for process in processes] == [None, None], ends(processes)
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ends(processes: list["subprocess.Popen[str]"]) -> list[End]:
    """Waits until all have ended."""
    said = [process.communicate(timeout=150) for process in processes]
    return [End(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def few(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The first few pictures of Fashion-MNIST."""
    record = prepared.record
    whole = {name: prepared.split(name) for name in SPLITS}
    return write_prepared(
        tmp_path_factory.mktemp("data") / "few",
        name=record.name,
        origin=record.origin,
        grey=record.grey,
        spec=record.spec,
        seed=record.seed,
        splits={name: Split(part.pixels[: COUNTS[name]], part.labels[: COUNTS[name]]) for name, part in whole.items()},
    )


@pytest.fixture(scope="module")
def fit(few: Prepared, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """The command up to its run directory; it learns from a teacher, whose weights are random ones."""
    place = tmp_path_factory.mktemp("runs") / "teacher"
    config = TrainConfig(model="mlp", width=16, device="cpu")
    keras.utils.set_random_seed(1)
    teacher = build_model(config, (28, 28), len(few.record.spec.labels), grey=True)
    claim(place, config, few)
    teacher.save(place / stage.MODEL)
    stage.write_spec(place, few.record.spec)
    stage.write_record(place, record_of(few, (place / stage.MODEL).read_bytes(), "cpu", config))
    return ("-m", "train", "fit", "--data", few.directory, *FLAGS, "--teacher", place, "--run")


@pytest.fixture(scope="module")
def one(fit: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of one process on JAX."""
    run = tmp_path_factory.mktemp("runs") / "one"
    done = python(*fit, run, env=JAX)
    assert done.returncode == 0, done.stderr
    assert "oneDNN" not in done.stderr, "TensorFlow was not imported"
    return run


@dataclass(frozen=True)
class Killed:
    """A run of two hosts, of which host 1 was killed after an epoch."""

    run: Path
    history: tuple[Epoch, ...]
    survivor: End
    seconds: float


@pytest.fixture(scope="module")
def killed(fit: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Killed:
    run = tmp_path_factory.mktemp("runs") / "two"
    with two(*fit, run) as processes:
        until((run / "checkpoint" / "history.csv").is_file, processes)
        processes[1].kill()
        began = time.monotonic()
        survivor, _ = ends(processes)
    return Killed(run, read_history(run / "checkpoint" / "history.csv"), survivor, time.monotonic() - began)


@pytest.fixture(scope="module")
def continued(fit: tuple[object, ...], killed: Killed) -> list[End]:
    """Both hosts, started again."""
    with two(*fit, killed.run) as processes:
        done = ends(processes)
    assert [end.code for end in done] == [0, 0], done
    return done


def test_a_host_that_dies_ends_the_other_with_a_sentence(killed: Killed) -> None:
    assert killed.survivor.code == 1
    assert "host 0 of 2: the work in common broke off, most likely because another host did" in killed.survivor.talk
    assert "start the same command on every host again" in killed.survivor.talk
    assert "Traceback" not in killed.survivor.talk
    assert killed.seconds < 30, "3 s of farewell; JAX would wait for its heartbeat, and a collective for ever"


def test_both_hosts_go_on_after_the_last_finished_epoch(killed: Killed, continued: list[End]) -> None:
    assert 1 <= len(killed.history) < EPOCHS
    for end in continued:
        assert f"continuing after epoch {len(killed.history)} of at most {EPOCHS}" in end.talk
        assert end.out == f"{killed.run}\n", "Gloo's own words are kept out of standard output"
    history = read_history(killed.run / "history.csv")
    assert history[: len(killed.history)] == killed.history
    assert [row.epoch for row in history] == list(range(1, EPOCHS + 1))


@pytest.mark.usefixtures("continued")
def test_host_0_alone_writes_and_leaves_what_one_process_leaves(killed: Killed, one: Path) -> None:
    assert sorted(path.name for path in killed.run.iterdir()) == sorted(path.name for path in one.iterdir())
    record = open_run(killed.run).record
    assert record.device == "cpu, 2 hosts"
    assert {"jax", "keras"} <= set(record.versions)
    assert not {"tensorflow", "tensorflow-cpu"} & set(record.versions)
    assert (killed.run / "config.toml").read_bytes() == (one / "config.toml").read_bytes()


@pytest.mark.usefixtures("continued")
def test_two_hosts_train_the_model_of_one(killed: Killed, one: Path) -> None:
    """Same order, mirroring, mixing, teacher and dropout, and sums over whole batches, added up in another order.

    Measured after these 9 steps with three seeds: 5e-6 at most in a weight; they have moved by 5e-3 by then. In some
    longer trainings, where the sign of a gradient near 0 tips over and Adam makes a whole step of it, 5e-4.
    """
    mine, theirs = (read_history(run / "history.csv") for run in (killed.run, one))
    for a, b in zip(mine, theirs, strict=True):
        assert astuple(replace(a, seconds=0.0)) == pytest.approx(astuple(replace(b, seconds=0.0)), rel=1e-4)
        assert a.val_accuracy == b.val_accuracy, "or another epoch would be the best"
    models = [keras.models.load_model(run / "model.keras", compile=False) for run in (killed.run, one)]
    for left, right in zip(*(model.weights for model in models), strict=True):
        assert np.allclose(np.asarray(left), np.asarray(right), rtol=1e-4, atol=1e-4), left.path


@pytest.mark.usefixtures("continued")
def test_tensorflow_scores_as_jax_does(killed: Killed, few: Prepared, tmp_path: Path) -> None:
    pixels = few.split("test").pixels.astype(np.float32)
    np.save(tmp_path / "pixels.npy", pixels)
    code = (
        "import sys, numpy as np; from train.backend import keras; "
        "model = keras.models.load_model(sys.argv[1], compile=False); "
        "np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))"
    )
    done = python("-c", code, killed.run / "model.keras", tmp_path / "pixels.npy", tmp_path / "scores.npy", env=JAX)
    assert done.returncode == 0, done.stderr
    assert keras.config.backend() == "tensorflow"
    scores = np.asarray(keras.models.load_model(killed.run / "model.keras", compile=False)(pixels))
    # Float32 sums of up to 1,152 products in another order.
    assert np.allclose(scores, np.load(tmp_path / "scores.npy"), atol=1e-5)


@pytest.mark.parametrize("first", [0, 1])
def test_a_host_that_is_interrupted_ends_the_other_with_a_sentence(
    first: int, fit: tuple[object, ...], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with two(*fit, run, "--epochs", 500) as processes:
        until((run / "checkpoint" / "history.csv").is_file, processes)
        processes[first].send_signal(signal.SIGINT)
        both = ends(processes)
    assert both[first].code == 130
    assert both[1 - first].code == 1
    last = both[1 - first].talk.splitlines()[-1]
    assert last.startswith(f"train: error: host {1 - first} of 2: ")
    assert last.endswith("start the same command on every host again, it goes on after the last finished epoch")
    for end in both:
        assert "Traceback" not in end.talk
        assert "*** " not in end.talk, "what JAX prints of a stack"
    assert read_history(run / "checkpoint" / "history.csv")


def test_hosts_that_see_different_checkpoints_all_say_so() -> None:
    code = (
        "import sys; from edge_runtime.console import guard\n"
        "from train.distributed.farewell import leave; from train.distributed.parallel import check_agreement\n"
        "from train.device import prepare_device; from train.distributed.hosts import hosts_from\n"
        "hosts = hosts_from(2, int(sys.argv[6]), sys.argv[4])\n"
        "def work():\n"
        "    prepare_device('cpu', hosts)\n"
        "    check_agreement(hosts, lambda: b'the same', 'the same')\n"
        "    check_agreement(hosts, lambda: sys.argv[6].encode(), 'different checkpoints')\n"
        "leave(guard('train', work))"
    )
    with two("-c", code) as processes:
        for end in ends(processes):
            assert end.code == 1
            assert end.talk.splitlines()[-1] == "train: error: different checkpoints"


def test_hosts_that_see_another_file_under_the_same_name_all_say_so_before_jax_is_asked(
    few: Prepared, tmp_path: Path
) -> None:
    places = (tmp_path / "first", tmp_path / "second")
    for place in places:
        place.mkdir()
        (place / "w.npz").write_bytes(place.name.encode())
    words = ("-m", "train", "fit", "--data", few.directory, "--run", tmp_path / "run", "--device", "cpu")
    with two(*words, "--model", "mobilenet_v2", "--weights", "w.npz", places=places) as processes:
        for end in ends(processes):
            assert end.code == 1
            assert "train: error: host 1 has content of --weights w.npz = 'sha256 " in end.talk
            assert "in the same environment with the same files: --host alone differs" in end.talk
    assert not (tmp_path / "run").exists()
