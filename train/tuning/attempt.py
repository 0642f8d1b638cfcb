"""One trial: trained, converted to int8, measured; each in a process of its own."""

import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from edge_runtime.bundle import fields
from edge_runtime.errors import EdgeError
from train.config import to_toml
from train.fitting.checkpoint import HISTORY
from train.fitting.history import read_history
from train.tuning.hopeless import median_missed
from train.tuning.process import StepError, run_step
from train.tuning.record import LOGS, Measured, Trial, run_of

RECIPE = "full_int8.tflite"
MEASURING = ".measuring-"  # and what the system adds, in the study's directory
NEEDED = ("tensorflow", "ai_edge_litert", "ai_edge_quantizer", "flatbuffers")  # by what converts and what measures


def check_tools() -> None:
    """Accepts a Python that can convert and measure.

    Raises:
        EdgeError: Something is missing.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise EdgeError(
            f"a trial is converted to int8 and measured with the edge runtime, and {', '.join(missing)} "
            "is not installed here. 'make tune' does it in .venv, which has all of them; elsewhere install what "
            "locks/development.txt lists. Of the kit's images none both trains and converts"
        )


def attempt(
    directory: Path, data: Path, trial: Trial, others: Sequence[Trial], held: int, show: Callable[[str], None]
) -> Trial:
    """Returns a trial with what came of it, whatever that is.

    Args:
        directory: The study's.
        data: The prepared dataset.
        trial: What to try; what was trained of it already stays.
        others: What it is compared with while it trains.
        held: Keeps the search to itself, see `run_step`.
        show: Gets what it is doing, twice a second.

    Raises:
        RunError: The record of its epochs cannot be read.
    """
    run, log, missed = run_of(directory, trial), log_of(directory, trial), 0.0
    log.parent.mkdir(parents=True, exist_ok=True)

    def hopeless() -> bool:
        nonlocal missed
        accuracies = _accuracies(run)
        show(_at(trial.config.epochs, accuracies))
        missed = median_missed(trial.config, accuracies, others) or 0.0
        return missed > 0

    def waiting(what: str) -> Callable[[], bool]:
        def look() -> bool:
            show(what)
            return False

        return look

    try:
        worker = ["train.tuning.worker", str(data), str(run), to_toml(trial.config)]
        if run_step(worker, log, held, hopeless) == "ended":
            accuracies = _accuracies(run)
            reason = f"{max(accuracies):.4f} after {len(accuracies)} epochs, the median of its like is {missed:.4f}"
            return replace(trial, state="ended early", accuracies=accuracies, reason=reason)
        with tempfile.TemporaryDirectory(prefix=MEASURING, dir=directory) as place:
            file, figures = Path(place) / RECIPE, Path(place) / "measured.json"
            convert = ["export", "convert", str(run), "--recipe", RECIPE, "--out", str(file), "--data", str(data)]
            run_step(convert, log, held, waiting("converting to int8"))
            measure = ["train.tuning.measure", str(file), str(data), str(figures)]
            run_step(measure, log, held, waiting("measuring the int8 file"))
            measured = fields.parse(Measured, fields.decode(figures.read_bytes(), str(figures)), str(figures))
    except StepError as error:
        return replace(trial, state="failed", accuracies=_accuracies(run), reason=str(error))
    return replace(trial, state="finished", accuracies=_accuracies(run), measured=measured)


def log_of(directory: Path, trial: Trial) -> Path:
    """Returns the file with all that a trial's processes printed."""
    return directory / LOGS / f"{trial.name}.log"


def _at(epochs: int, accuracies: tuple[float, ...]) -> str:
    last = f", {accuracies[-1]:.4f} after the one before" if accuracies else ""
    return f"epoch {min(len(accuracies) + 1, epochs)} of {epochs}{last}"


def _accuracies(run: Path) -> tuple[float, ...]:
    path = run / HISTORY
    return tuple(row.val_accuracy for row in read_history(path)) if path.is_file() else ()
