import json
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import digest
from edge_runtime.errors import RunError
from edge_runtime.stages.prepared import FILE_NAME
from edge_runtime.stages.run import MODEL, RECORD, SPEC, RunRecord, open_run, write_record, write_spec
from tests.edge_runtime import samples


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / MODEL).write_bytes(b"model")
    write_spec(tmp_path, samples.SPEC)
    record = RunRecord(1, "2026-11-21T22:03:00Z", "data/lamps", "lamps", "ab", digest(b"model"), {"keras": "3"}, "cpu")
    write_record(tmp_path, record)
    return tmp_path


def test_a_finished_run_opens_with_its_spec(run: Path) -> None:
    opened = open_run(run)
    assert opened.spec == samples.SPEC
    assert opened.model == run / MODEL
    assert opened.record.dataset == "lamps"


def test_a_run_without_its_record_is_unfinished(run: Path) -> None:
    (run / RECORD).unlink()
    with pytest.raises(RunError, match=r"not a finished run, it has no run\.json; 'python -m train fit' continues it"):
        open_run(run)


def test_no_run_at_all_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run; train one with 'python -m train fit'"):
        open_run(tmp_path / "none")


def test_a_prepared_dataset_is_called_one(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{}")
    with pytest.raises(
        RunError, match=r"a prepared dataset, a run expected; train one on it with .*fit --data /.*run RUN"
    ):
        open_run(tmp_path)


def test_an_altered_model_is_refused(run: Path) -> None:
    (run / MODEL).write_bytes(b"other")
    with pytest.raises(
        RunError, match=r"model\.keras: sha256 [0-9a-f]{12}… expected, [0-9a-f]{12}… found; train again"
    ):
        open_run(run)


@pytest.mark.parametrize("name", [MODEL, SPEC])
def test_a_missing_file_is_refused_by_name(name: str, run: Path) -> None:
    (run / name).unlink()
    with pytest.raises(RunError, match=name):
        open_run(run)


@pytest.mark.parametrize(("version", "what"), [(2, "update this kit"), (0, "train again, or import the model again")])
def test_a_run_of_another_version_is_refused_whatever_its_fields_are(version: int, what: str, run: Path) -> None:
    record = json.loads((run / RECORD).read_text()) | {"schema_version": version, "something": "new"}
    (run / RECORD).write_text(json.dumps(record))
    with pytest.raises(RunError) as refused:
        open_run(run)
    assert str(refused.value) == f"{run / RECORD}: schema version 1 expected, {version} found; {what}"
