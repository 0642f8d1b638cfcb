import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("setup", "demo", "train", "tune", "export", "bundle", "run", "check", "test", "lock", "wheel", "clean")
TESTS = ("test-containers", "test-system", "benchmark-edge", "benchmark-export", "benchmark-train")
DELIVERY = ("image-train", "image-export", "image-edge", "deb", "deploy", *TESTS)
VARIABLES = (
    "DATASET",
    "NAME",
    "DATA",
    "RUN",
    "BUNDLE",
    "STUDY",
    "SOURCE",
    "DEVICE",
    "ENGINE",
    "PLATFORM",
    "HOST",
    "KEY",
    "ARGS",
)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # These tests run under `make test`, whose own variables and flags would reach the make inside.
    unset = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", "-C", str(ROOT), *arguments]
    return subprocess.run(command, env=unset, capture_output=True, text=True)


def planned(*arguments: str) -> str:
    answer = make("--dry-run", *arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_bare_make_prints_every_target_and_variable_with_a_line_each() -> None:
    shown = make().stdout
    for target in (*TARGETS, *DELIVERY):
        assert len(re.findall(rf"^  make {target} +\w.+$", shown, flags=re.MULTILINE)) == 1, target
    for variable in VARIABLES:
        assert len(re.findall(rf"^  {variable} +\w.+$", shown, flags=re.MULTILINE)) == 1, variable


def test_every_target_that_is_phony_and_public_is_documented() -> None:
    lines = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    phony = {word for line in lines for word in line.split() if not word.startswith("needs-")}
    assert phony - {"help", "environment", "delivery-environment"} == {*TARGETS, *DELIVERY}


@pytest.mark.parametrize(("device", "used"), [("auto", "gpu"), ("gpu", "gpu"), ("cpu", "cpu")])
def test_nothing_trains_on_the_cpu_that_did_not_say_so(device: str, used: str) -> None:
    assert f"--device {used}" in planned("train", f"DEVICE={device}").split("at fit")[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "DEVICE=tpu"], "DEVICE=tpu: gpu, cpu or auto is wanted"),
        (["train", "DATASET=folder:.."], "does not name a folder"),
        (["run"], "SOURCE is missing"),
        (["deploy"], "HOST is missing; for example: make deploy HOST=pi@raspberrypi.local"),
        (["demo", "ENGINE=rkt"], "ENGINE=rkt: docker, podman, local or auto is wanted"),
        (["test", "ENGINE=rkt"], "ENGINE=rkt: docker, podman, local or auto is wanted"),
        (["train", "EPOCHS=20"], "EPOCHS: no variable of this Makefile; `make` lists them, and flags of a command go"),
        (["train", "DATASETS=mnist"], "DATASETS: no variable of this Makefile"),
        (["tune", "ENGINE=docker"], "ENGINE=docker: a search trains and converts, and no image does both"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_installed(arguments: list[str], sentence: str) -> None:
    answer = make(*arguments, "PYTHON=false")
    assert answer.returncode != 0
    assert sentence in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "DATASET=folder:nowhere"], "DATASET=folder:nowhere: nowhere is not there"),
        (["tune", "DATASET=folder:nowhere"], "DATASET=folder:nowhere: nowhere is not there"),
        (["export", "RUN=nowhere"], "RUN=nowhere is not there"),
        (["bundle", "RUN=nowhere"], "RUN=nowhere is not there"),
        (["run", "SOURCE=.", "BUNDLE=nowhere"], "BUNDLE=nowhere is not there"),
        (["run", "SOURCE=nowhere"], "SOURCE=nowhere: there is no nowhere"),
        (["deploy", "HOST=x", "BUNDLE=nowhere"], "BUNDLE=nowhere is not there"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_installed_or_built(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    # Only the checks may run: whatever else is called as Python leaves a trace.
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n[ "$2" = tools.asked ] || touch {tmp_path}/called\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    answer = make(*arguments, f"PYTHON={python}")
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("dataset", ["folder:/my shoes/left ones", "folder:/it's/left ones", 'folder:"left" ones/'])
def test_a_dataset_with_spaces_and_quotes_reaches_the_command_whole(dataset: str, tmp_path: Path) -> None:
    python = tmp_path / "show"
    python.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{tmp_path}/shown\necho local\n')
    python.chmod(0o755)
    assert make("train", f"DATASET={dataset}", f"PYTHON={python}").returncode == 0
    name = '"left"_ones' if '"' in dataset else "left_ones"
    shown = (tmp_path / "shown").read_text()
    assert f"|prepare|--dataset|{dataset}|--out|data/{name}|" in shown
    assert shown.endswith(f"|evaluate|runs/{name}|--device|gpu|")


def test_a_deploy_is_taken_out_as_the_readme_says() -> None:
    assert planned("deploy", "HOST=pi@raspberrypi.local", "ARGS=--remove").rstrip().endswith('"$HOST"  --remove')
    shown = planned("deploy", "HOST=x", "SOURCE=y", "ARGS=--dry-run")
    assert '--bundle "$BUNDLE" --source "$SOURCE" --dry-run' in shown


def test_a_key_reaches_what_judges_and_the_image_that_can_check_it() -> None:
    deployed = planned("deploy", "HOST=x", "KEY=our keys/parts.pub")
    assert deployed.rstrip().endswith('--bundle "$BUNDLE"  --key "$KEY"')
    judged = planned("run", "SOURCE=x", "KEY=our keys/parts.pub")
    assert 'where edge --engine "$ENGINE" --device gpu --source "$SOURCE" --signed)' in judged
    assert judged.rstrip().endswith('at run --bundle "$BUNDLE" --source "$SOURCE" --key "$KEY"')
    assert "--signed" not in planned("run", "SOURCE=x")


def test_from_another_directory_the_sentence_says_how() -> None:
    answer = subprocess.run(["make", "-f", str(ROOT / "Makefile"), "train"], cwd="/", capture_output=True, text=True)
    assert answer.returncode == 2
    assert f"this Makefile works in its own directory: make -C {ROOT}" in answer.stderr


def test_nothing_is_prepared_for_a_gpu_that_is_not_there() -> None:
    steps = re.findall(r"at (\w+) ", planned("train", "DEVICE=gpu"))
    assert steps == ["preflight", "prepare", "fit", "evaluate"]


def test_what_fit_is_told_is_read_before_anything_is_prepared() -> None:
    shown = planned("train", "ARGS=--epochs 3").partition("at prepare")[0]
    assert '--then fit --data "$DATA" --run "$RUN" --epochs 3' in shown


def test_what_is_trained_on_is_not_prepared_away_unless_it_is_trained_over() -> None:
    assert '--out "$DATA" --keep-for "$RUN" --size 32' in planned("train", "PREPARE=--size 32")
    assert "--keep-for" not in planned("train", "ARGS=--fresh --epochs 3")
    assert '--out "$DATA" --keep-for "$STUDY" --keep-for "$RUN"' in planned("tune")


@pytest.mark.parametrize("target", ["train", "tune"])
def test_a_dataset_that_nobody_named_is_told(target: str) -> None:
    line = "make: DATASET is not given"
    assert f'{line}: $DATASET" >&2' in planned(target)
    assert line not in planned(target, "DATASET=mnist")


@pytest.mark.parametrize(("device", "used"), [("auto", "gpu"), ("cpu", "cpu")])
def test_a_search_is_in_the_environment_that_trains_and_converts(device: str, used: str) -> None:
    shown = planned("tune", f"DEVICE={device}", "ARGS=--trials 3", "NAME=parts")
    assert "tools.containers.stage" not in shown
    assert shown.index("tools/environment.py") < shown.index("-m train preflight")
    steps = re.findall(r"\.venv/bin/python -m train (\w+) ", shown)
    assert steps == ["preflight", "prepare", "tune"]
    assert f"preflight --device {used} --then tune " in shown
    assert shown.rstrip().endswith(f'tune --data "$DATA" --study "$STUDY" --device {used} --trials 3')


def test_what_is_taken_out_needs_no_bundle() -> None:
    assert "tools.asked" not in planned("deploy", "HOST=x", "ARGS=--remove", "NAME=nowhere")
