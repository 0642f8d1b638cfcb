import ast
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import choices, environment, installing, stamp
from tools.choices import Device, Failure
from tools.stamp import Stamp

X86 = "Linux x86_64"


def lists(*gpus: str) -> Callable[[], list[str] | None]:
    return lambda: list(gpus)


def no_nvidia_smi() -> list[str] | None:
    return None


def never_asked() -> list[str] | None:
    raise AssertionError("nvidia-smi was asked")


def test_an_old_python_can_read_the_file_to_say_which_one_is_needed() -> None:
    for module in (environment, choices, installing, stamp):
        ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize(("version", "good"), [((3, 10), False), ((3, 11), True), ((3, 13, 0), True), ((3, 14), False)])
def test_python_3_11_to_3_13_are_supported(version: tuple[int, ...], good: bool) -> None:
    assert choices.is_supported(version) is good


def test_the_newest_supported_python_that_starts_is_taken() -> None:
    found = {"python3.13": "/shims/python3.13", "python3.11": "/usr/bin/python3.11"}
    chosen = choices.other_python((3, 14), which=found.get, works=lambda path: "shims" not in path)
    assert chosen == "/usr/bin/python3.11"


def test_without_a_supported_python_the_sentence_says_what_was_looked_for() -> None:
    with pytest.raises(
        Failure, match=r"this is Python 3\.9; Python 3\.11 to 3\.13 .* none of python3\.13, python3\.12"
    ):
        choices.other_python((3, 9), which=lambda _: None)


def test_a_name_on_path_that_only_fails_is_no_python(tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert not choices.runs(str(shim))
    assert not choices.runs(str(tmp_path / "missing"))
    assert choices.runs(sys.executable)


@pytest.mark.parametrize(
    ("asked", "machine", "gpus", "chosen"),
    [
        ("auto", "Linux x86_64", lists("GPU 0: A", "GPU 1: B"), Device("gpu", "nvidia-smi lists 2 GPUs")),
        ("auto", "Linux x86_64", lists(), Device("cpu", "no GPU: nvidia-smi lists none")),
        ("auto", "Linux x86_64", no_nvidia_smi, Device("cpu", "no GPU: there is no nvidia-smi")),
        ("auto", "Linux aarch64", never_asked, Device("cpu", "TensorFlow has no GPU wheel for Linux aarch64")),
        ("cpu", "Linux x86_64", never_asked, Device("cpu", "as asked")),
        ("gpu", "Linux x86_64", never_asked, Device("gpu", "as asked")),
    ],
)
def test_the_device_is_chosen_with_a_reason(
    asked: str, machine: str, gpus: Callable[[], list[str] | None], chosen: Device
) -> None:
    assert choices.choose_device(asked, machine, gpus) == chosen


def test_a_gpu_that_was_asked_for_and_cannot_be_is_refused() -> None:
    with pytest.raises(Failure, match="no GPU wheel for Darwin arm64"):
        choices.choose_device("gpu", "Darwin arm64", never_asked)


def test_a_machine_without_tensorflow_is_refused_by_name() -> None:
    with pytest.raises(Failure, match="no wheel for Linux armv7l"):
        choices.choose_device("auto", "Linux armv7l", never_asked)


@pytest.mark.parametrize(
    ("kind", "asked", "gpus", "enough"),
    [
        ("cpu", "cpu", never_asked, True),
        ("gpu", "cpu", never_asked, True),
        ("gpu", "auto", never_asked, True),
        ("cpu", "auto", no_nvidia_smi, True),
        ("cpu", "auto", lists("GPU 0: A"), False),
        ("cpu", "gpu", never_asked, False),
        ("build", "build", never_asked, True),
        ("build", "cpu", never_asked, False),
        ("cpu", "build", never_asked, False),
    ],
)
def test_an_environment_that_serves_is_not_made_again(
    kind: str, asked: str, gpus: Callable[[], list[str] | None], enough: bool
) -> None:
    assert stamp.serves(stamp.wanted(kind, "3.11"), asked, X86, gpus) is enough

    orin = lists("GPU 0: Orin (nvgpu)")
    assert stamp.serves(stamp.wanted("cpu", "3.11"), "auto", "Linux aarch64", orin)


def test_a_gpu_that_tensorflow_has_no_wheel_for_makes_nothing_again() -> None:
    assert stamp.serves(stamp.wanted("cpu", "3.11"), "auto", "Linux aarch64", lambda: ["GPU 0: Orin (nvgpu)"])


@pytest.mark.parametrize("field", ["lock", "project", "place"])
def test_another_lock_project_or_place_makes_it_again(field: str) -> None:
    fields = {**vars(stamp.wanted("cpu", "3.11")), field: "another"}
    assert not stamp.serves(Stamp(**fields), "cpu", X86, never_asked)


def test_an_interrupted_environment_is_made_again(tmp_path: Path) -> None:
    assert stamp.made(tmp_path) is None
    (tmp_path / stamp.STAMP).write_text('{"kind": "cpu"')
    assert stamp.made(tmp_path) is None


def test_an_environment_whose_python_was_replaced_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    stamp.python_in(tmp_path).symlink_to(sys.executable)
    running = choices.dotted(sys.version_info[:2])
    was = Stamp("cpu", "lock", "project", running, "place")
    (tmp_path / stamp.STAMP).write_text(json.dumps(vars(was)))
    assert stamp.made(tmp_path) == was
    (tmp_path / stamp.STAMP).write_text(json.dumps({**vars(was), "python": "3.2"}))
    assert stamp.made(tmp_path) is None


def test_the_users_settings_for_pip_cannot_redirect_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PIP_PROXY", "http://proxy.example:3128")
    cleaned = installing.clean_environment()
    assert cleaned["PIP_USER"] == "0"
    assert cleaned["PIP_PROXY"] == "http://proxy.example:3128"
    assert "PIP_TARGET" not in cleaned


def test_a_disk_without_room_is_told_before_pip_fills_it(tmp_path: Path) -> None:
    installing.check_room(tmp_path, 1)
    with pytest.raises(Failure, match=r"1000000000\.0 GB are needed and [\d.]+ GB are free on that disk"):
        installing.check_room(tmp_path, 1e18)


def test_an_environment_that_is_a_link_is_not_emptied(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / ".venv"
    (theirs / "lib").mkdir(parents=True)
    installing.check_own(theirs)
    link.symlink_to(theirs)
    with pytest.raises(Failure, match=rf"is a link to {theirs}.*rm {link}"):
        installing.check_own(link)
    assert (theirs / "lib").is_dir()
