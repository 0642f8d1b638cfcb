import re
from pathlib import Path

import pytest

from tools import lock
from tools.lock import LOCKS, Lock

each_lock = pytest.mark.parametrize("each", LOCKS, ids=lambda each: each.name)


def requirements(path: Path) -> dict[str, list[str]]:
    """Each ``name==version`` (with its marker) and its hashes."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            found[requirement.strip()] = [value.strip() for value in hashes]
    return found


def versions(path: Path) -> dict[str, str]:
    return dict(requirement.split(" ;")[0].split("==") for requirement in requirements(path))


def test_the_folder_holds_exactly_the_locks_that_are_declared() -> None:
    assert sorted(lock.FOLDER.iterdir()) == sorted(each.path for each in LOCKS)


@each_lock
def test_every_requirement_has_one_version_and_hashes(each: Lock) -> None:
    found = requirements(each.path)
    assert found
    for requirement, hashes in found.items():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][^ ]*( ; .+)?", requirement)
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes)


@each_lock
def test_no_lock_names_a_host_or_a_path(each: Lock) -> None:
    text = each.path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert not re.search(r"(^|\s)/\w", text)


@each_lock
def test_a_package_has_the_same_version_everywhere(each: Lock) -> None:
    if each.old_boards:
        pytest.skip("the interpreter of old boards needs numpy 1")
    development = versions(LOCKS[0].path) | {"tensorflow": versions(LOCKS[1].path)["tensorflow"]}
    mine = versions(each.path)
    shared = mine.keys() & development.keys()
    assert {name: mine[name] for name in shared} == {name: development[name] for name in shared}
    assert each.only_x86 or shared == mine.keys()


@each_lock
def test_no_lock_is_older_than_pyproject(each: Lock) -> None:
    expected = lock.header(each, lock.requirements_digest(lock.project()))
    found = "".join(each.path.read_text(encoding="utf-8").splitlines(keepends=True)[:4])
    assert found == expected, "pyproject.toml or tools/lock.py changed after the locks were written; make lock"


def test_another_requirement_makes_the_locks_stale() -> None:
    tables = lock.project()
    before = lock.requirements_digest(tables)
    tables["dependency-groups"]["train"].append("seaborn")
    assert lock.requirements_digest(tables) != before


def test_old_boards_get_numpy_1() -> None:
    [old] = [each for each in LOCKS if each.old_boards]
    assert versions(old.path)["numpy"].startswith("1.")


def test_a_device_gets_neither_framework_nor_application() -> None:
    for each in LOCKS:
        if each.name.startswith("edge-"):
            assert not versions(each.path).keys() & {
                "tensorflow",
                "tensorflow-cpu",
                "keras",
                "scikit-learn",
                "matplotlib",
            }


def test_the_marker_that_every_line_has_is_dropped_and_others_stay() -> None:
    common = lock.EVERY_MACHINE.replace("sys_platform", "platform_python_implementation == 'CPython' and sys_platform")
    text = (
        f"numpy==2.4.6 ; python_full_version < '3.14' and {common} \\\n    --hash=sha256:00\n"
        f"tensorflow-cpu==2.21.0 ; python_full_version < '3.14' and {lock.X86_LINUX} \\\n    --hash=sha256:00\n"
    )
    kept = f"tensorflow-cpu==2.21.0 ; {lock.X86_LINUX} \\\n    --hash=sha256:00\n"
    assert lock.without_common_markers(LOCKS[0], text) == "numpy==2.4.6 \\\n    --hash=sha256:00\n" + kept
