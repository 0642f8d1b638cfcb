import subprocess
from dataclasses import replace

import pytest

from tools.delivery.device import BEGIN, END, PROBE, Facts, parse, target_for
from tools.delivery.errors import DeliveryError

PI = Facts(
    uid=1000,
    machine="aarch64",
    system="Debian GNU/Linux 12 (bookworm)",
    root=True,
    systemd=True,
    python="3.11",
    triplet="aarch64-linux-gnu",
    glibc="2.36",
    modules=("compileall",),
)


def test_a_64_bit_pi_gets_litert() -> None:
    wanted = target_for(PI, "auto", camera=False)
    assert (wanted.machine.uname, wanted.python, wanted.interpreter) == ("aarch64", "3.11", "litert")


def test_a_32_bit_system_under_a_64_bit_kernel_is_a_32_bit_device() -> None:
    facts = replace(PI, triplet="arm-linux-gnueabihf", modules=("compileall", "numpy", "PIL"))
    assert target_for(facts, "auto", camera=False).interpreter == "tflite"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (replace(PI, root=False), "cannot be run as root there: sudo .* NOPASSWD"),
        (replace(PI, systemd=False), "systemd does not run there"),
        (replace(PI, package=True), "installed there from a .deb"),
        (replace(PI, python=""), "python3 is missing .* apt install python3"),
        (replace(PI, python="3.9"), "Python 3.9 is there .* 3.11 to 3.13 is wanted"),
        (replace(PI, python="3.14"), "Python 3.14 is there"),
        (replace(PI, modules=()), "standard library is not complete"),
        (replace(PI, glibc="2.31"), "glibc 2.31 is there, 2.36 is wanted"),
        (replace(PI, triplet="riscv64-linux-gnu"), "riscv64-linux-gnu is there; interpreters exist for x86_64"),
        (replace(PI, triplet="arm-linux-gnueabihf"), "apt install python3-numpy python3-pil"),
        (
            replace(PI, triplet="arm-linux-gnueabihf", modules=("compileall", "numpy", "PIL"), python="3.13"),
            "no wheel for linux/arm/v7 but for Python 3.11",
        ),
    ],
)
def test_what_a_device_lacks_is_told_with_what_to_do(facts: Facts, sentence: str) -> None:
    with pytest.raises(DeliveryError, match=sentence):
        target_for(facts, "auto", camera=False)


def test_a_32_bit_device_that_shall_check_signatures_is_told_what_it_lacks() -> None:
    facts = replace(PI, triplet="arm-linux-gnueabihf", modules=("compileall", "numpy", "PIL"))
    with pytest.raises(DeliveryError, match=r"no wheels of them for armv7l: sudo apt install python3-cryptography$"):
        target_for(facts, "auto", camera=False, signed=True)
    able = replace(facts, modules=(*facts.modules, "cryptography"))
    assert target_for(able, "auto", camera=False, signed=True).signed


def test_an_interpreter_that_does_not_exist_for_it_is_refused() -> None:
    facts = replace(PI, triplet="arm-linux-gnueabihf", modules=("compileall", "numpy", "PIL"))
    with pytest.raises(DeliveryError, match="only tflite-runtime"):
        target_for(facts, "litert", camera=False)


def test_the_probe_runs_in_any_shell_and_tells_what_this_machine_is() -> None:
    answer = subprocess.run(["/bin/sh", "-c", f"exec /bin/sh -c '{PROBE}'"], capture_output=True, text=True)
    lines = answer.stdout.splitlines()
    assert (lines[0], lines[-1]) == (BEGIN, END)
    facts = parse(lines[1:-1])
    assert facts.uid >= 0
    assert facts.machine


def test_the_probe_holds_nothing_that_a_login_shell_would_change() -> None:
    assert not set("'\n!") & set(PROBE)
