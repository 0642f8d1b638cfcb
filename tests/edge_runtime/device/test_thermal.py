from pathlib import Path

import pytest

from edge_runtime.device.thermal import degrees, held_back, temperature, throttled


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def zone(sys: Path, number: int, kind: str, value: str) -> None:
    write(sys / f"class/thermal/thermal_zone{number}/type", kind)
    write(sys / f"class/thermal/thermal_zone{number}/temp", value)


def test_the_hottest_of_the_processors_sensors_counts(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "51540")
    zone(tmp_path, 1, "x86_pkg_temp", "48000")
    zone(tmp_path, 2, "iwlwifi_1", "90000")
    assert temperature(tmp_path) == 51.54


def test_a_chip_of_the_board_is_read_too(tmp_path: Path) -> None:
    write(tmp_path / "class/hwmon/hwmon0/name", "k10temp")
    write(tmp_path / "class/hwmon/hwmon0/temp1_input", "61250")
    assert temperature(tmp_path) == 61.25


def test_a_single_zone_is_the_processors_whatever_its_name(tmp_path: Path) -> None:
    zone(tmp_path, 0, "acpitz", "27800")
    assert temperature(tmp_path) == 27.8
    zone(tmp_path, 1, "battery", "31000")
    assert temperature(tmp_path) is None


def test_where_nobody_tells_it_is_unknown(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None
    assert throttled(tmp_path) is None


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("-273150", None), ("255000", None), ("", None), ("x", None)])
def test_what_no_processor_can_be_is_no_temperature(text: str, value: float | None) -> None:
    assert degrees(text) == value


@pytest.mark.parametrize(
    ("bits", "words"),
    [("0", ""), ("50000", ""), ("5", "too little voltage, throttled"), ("50005", "too little voltage, throttled")],
)
def test_a_raspberry_pis_bits_are_read_for_this_moment(bits: str, words: str, tmp_path: Path) -> None:
    write(tmp_path / "devices/platform/soc/soc:firmware/get_throttled", bits)
    assert throttled(tmp_path) == words
    assert list(held_back("what")) == []


def test_other_boards_tell_by_their_alarms_and_coolers(tmp_path: Path) -> None:
    write(tmp_path / "class/thermal/cooling_device0/type", "cpufreq-cpu0")
    write(tmp_path / "class/thermal/cooling_device0/cur_state", "0")
    assert throttled(tmp_path) == ""
    write(tmp_path / "class/thermal/cooling_device0/cur_state", "2")
    write(tmp_path / "class/hwmon/hwmon1/name", "rpi_volt")
    write(tmp_path / "class/hwmon/hwmon1/in0_lcrit_alarm", "1")
    assert throttled(tmp_path) == "too little voltage, too hot"
