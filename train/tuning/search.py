"""A search from its first trial to its last, in one sitting or several."""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime.errors import EdgeError, RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import Prepared
from train.progress import Progress
from train.tuning import record as study
from train.tuning.attempt import MEASURING, attempt, check_tools, log_of
from train.tuning.begun import check_same, held
from train.tuning.process import StepError, run_step
from train.tuning.record import StudyRecord, Trial
from train.tuning.space import Space, Value
from train.tuning.told import told
from train.tuning.untried import untried

MOST_FAILED = 5  # trials that fail one after the other: then it is not the configurations
QUIET = 60.0  # seconds between two lines about one trial in a log

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        space: What may be chosen.
        text: As TOML.
        trials: In all, those of earlier sittings included.
        over: What goes over the space in every trial: the device, perhaps the epochs.
        seed: Of Optuna's choices.
        retry: Whether trials that failed are tried once more.
    """

    space: Space
    text: str
    trials: int
    over: dict[str, Value]
    seed: int
    retry: bool = False

    @property
    def open(self) -> tuple[str, ...]:
        """The states of trials that are to be gone on with."""
        return (study.RUNNING, study.FAILED) if self.retry else (study.RUNNING,)

    @property
    def epochs(self) -> int | None:
        """Of every trial, or None."""
        found = self.over.get("epochs")
        return None if found is None else int(found)


@dataclass(frozen=True)
class Searched:
    """What came of it.

    Attributes:
        record: All trials.
        fresh: Whether any was tried now.
        exhausted: Whether the space had nothing new.
    """

    record: StudyRecord
    fresh: bool
    exhausted: bool


def search(prepared: Prepared, directory: Path, wanted: Wanted, say: Say) -> Searched:
    """Tries configurations until there are as many as wanted; goes on with what an earlier sitting left.

    Args:
        prepared: The dataset; its test split is not looked at.
        directory: The study's.
        wanted: What is asked for.
        say: Where to put a line for the person who watches.

    Raises:
        RunError: `directory` is something else's, in use, or trial after trial failed.
        UsageError: It was begun with another space, dataset or number of epochs.
        EdgeError: The device or what measures is not there.
    """
    found = study.read_study(directory)
    if found is not None:
        check_same(directory, found, prepared, wanted.epochs, wanted.text)
        if len(found.trials) >= wanted.trials and not any(trial.state in wanted.open for trial in found.trials):
            return Searched(found, fresh=False, exhausted=False)
    check_tools()
    directory.mkdir(parents=True, exist_ok=True)
    with held(directory) as handle:
        for left in directory.glob(f"{MEASURING}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        leader = _Search(prepared, directory, wanted, handle, say)
        if wanted.over.get("device") == "gpu":
            leader.preflight()
        return leader.go_on()


class _Search:
    """A search that has its directory to itself."""

    def __init__(self, prepared: Prepared, directory: Path, wanted: Wanted, held: int, say: Say) -> None:
        self._prepared = prepared
        self._directory = directory
        self._wanted = wanted
        self._held = held
        self._say = say
        # Read once more: another search may have ended while this one waited for the directory.
        self._record = study.read_study(directory) if (directory / study.STUDY).is_file() else None

    def preflight(self) -> None:
        """Makes sure that there is a GPU, in a process that ends: this one must not keep its memory.

        Raises:
            EdgeError: There is none.
        """
        with tempfile.TemporaryDirectory() as place:
            try:
                run_step(["train", "preflight", "--device", "gpu"], Path(place) / "log", self._held)
            except StepError as error:
                raise EdgeError(str(error)) from error

    def go_on(self) -> Searched:
        """Finishes what was begun and tries more."""
        record = self._begin() if self._record is None else self._record
        fresh, exhausted = False, False
        for trial in record.trials:
            if trial.state in self._wanted.open:
                how = "goes on where it was stopped" if trial.state == study.RUNNING else "failed, is tried once more"
                self._say(f"trial {trial.name}: {how}")
                record, fresh = self._tried(record, replace(trial, state="running", reason="")), True
        while len(record.trials) < self._wanted.trials:
            config = untried(
                self._wanted.space,
                self._prepared.record.counts["train"],
                record.trials,
                self._wanted.over,
                self._wanted.seed,
            )
            if config is None:
                exhausted = True
                break
            trial = Trial(len(record.trials), "running", config)
            record = replace(record, trials=(*record.trials, trial))
            study.write_study(self._directory, record)
            record, fresh = self._tried(record, trial), True
        return Searched(record, fresh, exhausted)

    def _begin(self) -> StudyRecord:
        write_atomically(self._directory / study.SPACE, self._wanted.text.encode())
        found = self._prepared.record
        record = StudyRecord(
            study.SCHEMA_VERSION, found.name, self._prepared.digest, found.counts["validation"], self._wanted.epochs
        )
        study.write_study(self._directory, record)
        return record

    def _tried(self, record: StudyRecord, trial: Trial) -> StudyRecord:
        began = time.monotonic()
        others = [one for one in record.trials if one.number != trial.number]
        with Progress(quiet=QUIET) as progress:
            head = f"trial {trial.name} ({trial.number + 1} of {self._wanted.trials})"
            came = attempt(
                self._directory,
                self._prepared.directory,
                trial,
                others,
                self._held,
                lambda what: progress.show(f"{head}: {what}"),
            )
        came = replace(came, seconds=round(time.monotonic() - began, 1))
        record = replace(record, trials=tuple(came if one.number == trial.number else one for one in record.trials))
        study.write_study(self._directory, record)
        self._say(told(record, came, self._wanted.trials, self._wanted.space))
        last = record.trials[-MOST_FAILED:]
        if came.state == study.FAILED and len(last) == MOST_FAILED and all(t.state == study.FAILED for t in last):
            raise RunError(
                f"{self._directory}: the last {MOST_FAILED} trials failed, the last one because: {came.reason}; "
                f"{log_of(self._directory, came)} has more. Once that is mended the same command goes on with further "
                "trials, with --retry-failed with these again"
            )
        return record
