from pathlib import Path

from edge_runtime.benchmark.energy import joules


def test_all_packages_of_the_processor_count_and_their_parts_do_not_count_twice(tmp_path: Path) -> None:
    for name, count in (("intel-rapl:0", "1500000"), ("intel-rapl:1", "500000"), ("intel-rapl:0:0", "900000")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{count}\n")
    assert joules(tmp_path) == 2.0


def test_where_nobody_tells_nothing_is_made_up(tmp_path: Path) -> None:
    assert joules(tmp_path / "none") is None
    (tmp_path / "intel-rapl:0").mkdir()
    assert joules(tmp_path) is None  # the file may be there for root alone
