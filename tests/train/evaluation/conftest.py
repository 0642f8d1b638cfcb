"""Runs of networks that were not trained: what is tested here is the judging."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import digest
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.backend import keras
from train.config import TrainConfig
from train.fitting.started import claim
from train.models.build import build_model
from train.versions import versions

MakeRun = Callable[[Path, Prepared, int], Path]


@pytest.fixture(scope="session")
def make_run() -> MakeRun:
    """Makes a finished run in a directory, for a dataset, with weights that follow from a seed."""

    def make(directory: Path, prepared: Prepared, seed: int) -> Path:
        keras.utils.set_random_seed(seed)
        config = TrainConfig(model="mlp", seed=seed)
        claim(directory, config, prepared)
        record = prepared.record
        model = build_model(config, record.spec.preprocessing.size, len(record.spec.labels), record.grey)
        model.save(directory / stage.MODEL)
        stage.write_spec(directory, record.spec)
        stage.write_record(
            directory,
            stage.RunRecord(
                schema_version=stage.SCHEMA_VERSION,
                created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                data=str(prepared.directory),
                dataset=record.name,
                dataset_digest=prepared.digest,
                model=digest((directory / stage.MODEL).read_bytes()),
                versions=versions(),
                device="cpu",
            ),
        )
        return directory

    return make
