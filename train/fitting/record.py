"""What is written down of a training when it is finished."""

from datetime import UTC, datetime
from pathlib import Path

from edge_runtime.bundle.manifest import digest
from edge_runtime.errors import RunError
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig
from train.origin import commit
from train.versions import versions


def record_of(
    prepared: Prepared, model: bytes, device: str, config: TrainConfig, fine_tuned: stage.FineTuned | None = None
) -> stage.RunRecord:
    """Returns the content of ``run.json``.

    Args:
        prepared: The dataset.
        model: The content of ``model.keras``.
        device: What trained.
        config: How; it may name runs from which something was taken over.
        fine_tuned: Of which run, and how; None for a training from nothing.
    """
    return stage.RunRecord(
        schema_version=stage.SCHEMA_VERSION,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        data=str(prepared.directory.resolve()),
        dataset=prepared.record.name,
        dataset_digest=prepared.digest,
        model=digest(model),
        versions=versions(),
        device=device,
        fine_tuned=fine_tuned,
        commit=commit(),
        start=None if fine_tuned else _model_of(config.start),
        teacher=None if fine_tuned else _model_of(config.teacher),
    )


def _model_of(run: str) -> str | None:
    try:
        return stage.open_run(Path(run)).record.model if run else None
    except RunError:
        return None  # gone since training began; what was trained is none the worse for it
