"""What is written down of a training when it is finished."""

from datetime import UTC, datetime

from edge_runtime.bundle.manifest import digest
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.versions import versions


def record_of(
    prepared: Prepared, model: bytes, device: str, fine_tuned: stage.FineTuned | None = None
) -> stage.RunRecord:
    """Returns the content of ``run.json``.

    Args:
        prepared: The dataset.
        model: The content of ``model.keras``.
        device: What trained.
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
    )
