import os
from pathlib import Path

import pytest

from tools.containers.engine import Engine, EngineError
from tools.containers.given import cameras, container, named
from train.datasets.places import keras_home

DOCKER = Engine("docker", "/usr/bin/docker", "20.10")


def line(name: str, arguments: list[str], device: str = "cpu", engine: Engine = DOCKER) -> str:
    return " ".join(container(engine, name, arguments, device))


def test_paths_outside_of_the_checkout_are_mounted_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "my pictures").mkdir()
    arguments = ["prepare", "--dataset", f"folder:{tmp_path}/my pictures", "--out", f"{tmp_path}/data/new"]
    # The directory above what is not there yet covers both.
    (tmp_path / "data").mkdir()
    assert named(arguments, Path.cwd()) == [tmp_path / "data", tmp_path / "my pictures"]
    assert named([f"--out={tmp_path}/x"], Path.cwd()) == [tmp_path]


def test_a_table_is_mounted_with_the_folder_that_its_paths_start_from(tmp_path: Path) -> None:
    (tmp_path / "my parts").mkdir()
    (tmp_path / "my parts" / "labels.csv").touch()
    arguments = ["prepare", "--dataset", f"csv:{tmp_path}/my parts/labels.csv"]
    assert named(arguments, Path.cwd()) == [tmp_path / "my parts"]


def test_what_lies_in_the_checkout_is_mounted_with_it() -> None:
    assert named(["--run", "runs/x", "--dataset", "fashion_mnist"], Path.cwd()) == []


def test_a_container_that_judges_gets_what_is_named_read_only_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "incoming").mkdir()
    arguments = ["run", "--bundle", f"{tmp_path}/bundle", "--source", f"watch:{tmp_path}/incoming"]
    shown = line("edge", arguments)
    assert f"--volume {tmp_path}/bundle:{tmp_path}/bundle:ro" in shown
    assert f"--volume {tmp_path}/incoming:{tmp_path}/incoming:ro" in shown
    assert shown.count("--volume") == 2
    for flag in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges"):
        assert flag in shown


def test_a_container_runs_as_who_typed_the_command() -> None:
    assert f"--user {os.getuid()}:{os.getgid()}" in line("export", ["runs/x"])


def test_podman_keeps_its_warnings_and_its_health_checks_to_itself() -> None:
    podman = line("edge", ["run"], engine=Engine("podman", "/usr/bin/podman", "4.3"))
    assert podman.startswith("/usr/bin/podman --log-level error run --no-healthcheck --rm ")
    assert line("edge", ["run"]).startswith("/usr/bin/docker run --rm ")


def test_only_training_on_the_gpu_gets_gpus() -> None:
    assert "--gpus all" in line("train", ["fit"], "gpu")
    assert "--device nvidia.com/gpu=all" in line("train", ["fit"], "gpu", Engine("podman", "/usr/bin/podman", "4.3"))
    assert "gpu" not in line("train", ["fit"], "cpu")
    assert "gpu" not in line("export", ["runs/x"], "gpu")


def test_a_camera_that_is_there_is_handed_over_with_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    # Any node under /dev does: what counts is that it is there.
    assert cameras(["run", "--source", "/dev/null"]) == ["--device", "/dev/null", "--group-add", "0"]
    with pytest.raises(EngineError, match=r"/dev/video77: there is no such camera here; there are: "):
        cameras(["run", "--source", "77"])


def test_a_run_brings_the_dataset_that_it_was_trained_on(tmp_path: Path) -> None:
    for name in ("data", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "run" / "run.json").write_text(f'{{"data": "{tmp_path}/data"}}')
    assert named(["evaluate", f"{tmp_path}/run"], Path.cwd()) == [tmp_path / "data", tmp_path / "run"]


def test_what_training_fetches_is_kept_where_it_is_kept_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    shown = line("train", ["fit"])
    for place, setting in (
        (tmp_path / ".cache" / "edge-runtime", f"XDG_CACHE_HOME={tmp_path}/.cache"),
        (tmp_path / ".keras", f"KERAS_HOME={tmp_path}/.keras"),
    ):
        assert f"--volume {place}:{place} " in shown
        assert f"--env {setting}" in shown
        assert place.is_dir()  # else the engine would make it, and it would be root's
    assert keras_home() == tmp_path / ".keras"  # where the kit looks without a container, too
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "weights"))
    assert f"--env KERAS_HOME={tmp_path}/weights" in line("train", ["fit"])
    for stage_name in ("export", "edge"):
        assert "KERAS_HOME" not in line(stage_name, ["x"])


def test_a_cache_that_cannot_be_made_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "keras"))
    with pytest.raises(EngineError, match=r"file/keras: cannot be made, .*Not a directory; .*KERAS_HOME=DIR"):
        line("train", ["fit"])
