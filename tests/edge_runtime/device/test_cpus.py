import os
from pathlib import Path

import pytest

from edge_runtime.device.cpus import cpu_quota, groups_of, quota_of, usable_cpus

DOCKER_V1 = """12:cpuset:/docker/0123abcd
4:cpu,cpuacct:/docker/0123abcd
1:name=systemd:/docker/0123abcd
"""


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("max 100000\n", None),
        ("150000 100000\n", 1.5),
        ("50000 100000\n", 0.5),
        ("-1\n 100000\n", None),  # version 1, without a limit
        ("400000\n 100000\n", 4),
        (" ", None),  # no such files
        ("", None),
        ("100000 0", None),
        ("many 100000", None),
    ],
)
def test_a_quota_and_its_period_are_cpus(text: str, cpus: float | None) -> None:
    assert quota_of(text) == cpus


@pytest.mark.parametrize(
    ("own", "groups"),
    [
        ("0::/\n", ["", "unified"]),  # in a container, version 2
        (
            "0::/system.slice/edge.service\n",
            ["system.slice/edge.service", "system.slice", "", "unified/system.slice/edge.service"],
        ),
        (DOCKER_V1, ["cpu/docker/0123abcd", "cpu/docker", "cpu", "cpu,cpuacct/docker/0123abcd"]),
        ("3:cpuset:/a\n2:cpuacct:/b\n", []),
        ("", []),
    ],
)
def test_the_groups_of_a_process_are_looked_at_from_its_own_to_the_topmost(own: str, groups: list[str]) -> None:
    found = [str(group) for group in groups_of(own)]
    assert found[: len(groups)] == [group or "." for group in groups]


@pytest.mark.parametrize(
    ("own", "files", "cpus"),
    [
        ("0::/\n", {"cpu.max": "200000 100000"}, 2),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000", "cpu.max": "90000 100000"}, 0.5),
        ("0::/not/in/this/mount\n", {"cpu.max": "70000 100000"}, 0.7),
        (DOCKER_V1, {"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.5),
        (DOCKER_V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ("0::/\n", {}, None),
        ("", {"cpu.max": "200000 100000"}, None),
    ],
)
def test_the_least_quota_of_all_groups_holds(
    own: str, files: dict[str, str], cpus: float | None, tmp_path: Path
) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cpu_quota(tmp_path / "own", tmp_path / "cgroup") == cpus


def test_where_nothing_is_told_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "none", tmp_path) is None


def test_usable_are_at_least_one_cpu_and_no_more_than_the_scheduler_allows() -> None:
    assert 1 <= usable_cpus() <= len(os.sched_getaffinity(0))
