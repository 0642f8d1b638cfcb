import subprocess
import sys

import pytest

from tests.support import python

HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib", "optuna")


COMMANDS = ("prepare", "fit", "evaluate", "compare", "quantisation-aware", "tune")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_teaches_and_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys; from train.__main__ import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *command, "--help"], capture_output=True, text=True, check=True)
    assert "example" in done.stdout
    assert f"python -m train {' '.join(command)}" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_command_is_a_usage_error() -> None:
    done = subprocess.run([sys.executable, "-m", "train"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_preflight_reads_what_is_to_follow() -> None:
    follows = ("fit", "--data", "none", "--run", "none")
    assert python("-m", "train", "preflight", "--device", "cpu", "--then", *follows).returncode == 0
    done = python("-m", "train", "preflight", "--device", "cpu", "--then", *follows, "--epoks", 3)
    assert done.returncode == 2
    assert done.stderr == "python -m train fit: error: no such option: --epoks; did you mean '--epochs'?\n"
    done = python("-m", "train", "preflight", "--device", "cpu", "--then", "fti")
    assert (done.returncode, done.stderr) == (2, "train: error: --then fti: no such command; did you mean 'fit'?\n")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("--epochz", "3"), "no such option: --epochz; did you mean '--epochs'?"),
        (("--modell", "cnn"), "no such option: --modell; did you mean '--model'?"),
        (("--rotation", "abc"), "argument --rotation: invalid float value: 'abc'"),
    ],
)
def test_what_is_typed_wrongly_is_one_sentence_and_no_page_of_usage(typed: tuple[str, str], sentence: str) -> None:
    done = python("-m", "train", "fit", "--data", "none", "--run", "none", *typed)
    assert (done.returncode, done.stderr) == (2, f"python -m train fit: error: {sentence}\n")
