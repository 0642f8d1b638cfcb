from pathlib import Path

import pytest

from edge_runtime.device.machine import features_of, memory_of, read, this_machine

X86 = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Processor
flags\t\t: fpu vme sse4_2 avx f16c avx2 bmi2 avx512f avx512dq avx512_vnni
bugs\t\t: spectre_v1

processor\t: 1
flags\t\t: fpu vme avx
"""
PI_4_64 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU part\t: 0xd08

Revision\t: c03114
Model\t\t: Raspberry Pi 4 Model B Rev 1.4
"""
PI_4_32 = """processor\t: 0
model name\t: ARMv7 Processor rev 3 (v7l)
Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32
"""
PI_5 = """processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp
CPU part\t: 0xd0b
"""
MEMINFO = (
    "MemTotal:        3882712 kB\nMemFree:          186532 kB\nMemAvailable:    3214528 kB\nHugePages_Total:       0\n"
)


@pytest.mark.parametrize(
    ("cpuinfo", "features"),
    [
        (X86, ("avx", "avx2", "avx512f", "avx512_vnni")),
        (PI_4_64, ("asimd",)),
        (PI_4_32, ("neon",)),
        (PI_5, ("asimd", "asimddp")),
        ("", ()),
        ("processor : 0\n", ()),
    ],
    ids=["x86-64", "Raspberry Pi 4, 64 bit", "Raspberry Pi 4, 32 bit", "Raspberry Pi 5", "silent", "without"],
)
def test_the_vector_units_of_a_cpu_are_read(cpuinfo: str, features: tuple[str, ...]) -> None:
    assert features_of(cpuinfo) == features


def test_memory_is_read_in_bytes_and_unknown_where_it_is_not_told() -> None:
    assert memory_of(MEMINFO, "MemTotal") == 3882712 * 1024
    assert memory_of(MEMINFO, "MemAvailable") == 3214528 * 1024
    assert memory_of(MEMINFO, "Mem") is None
    assert memory_of("", "MemTotal") is None


def test_a_file_that_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "cpuinfo") == ""
    assert read(tmp_path) == ""


def test_this_machine_has_a_cpu_and_memory() -> None:
    machine = this_machine()
    assert machine.cpus >= 1
    assert machine.memory is None or machine.memory > 1 << 20
    assert machine.python.startswith("3.")
