from pathlib import Path

from edge_runtime.sinks.rotation import rotate


def there(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(directory.iterdir())}


def test_a_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for life in "abcde":
        path.write_text(life)
        rotate(path, 2)
    assert there(tmp_path) == {"results.1.jsonl": "e", "results.2.jsonl": "d"}


def test_a_smaller_number_is_kept_to_at_once(tmp_path: Path) -> None:
    for number in range(1, 6):
        (tmp_path / f"results.{number}.jsonl").write_text(str(number))
    (tmp_path / "results.jsonl").write_text("0")
    rotate(tmp_path / "results.jsonl", 2)
    assert there(tmp_path) == {"results.1.jsonl": "0", "results.2.jsonl": "1"}


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    names = ["results.old.jsonl", "results.01.jsonl", "results.1.json", "other.1.jsonl", "results.1.jsonl.gz"]
    for name in names:
        (tmp_path / name).write_text(name)
    (tmp_path / "results.jsonl").write_text("0")
    rotate(tmp_path / "results.jsonl", 1)
    assert there(tmp_path) == {name: name for name in names} | {"results.1.jsonl": "0"}


def test_a_rotation_that_was_broken_off_is_gone_on_with(tmp_path: Path) -> None:
    # Killed after 1 became 2: there is no 1.
    (tmp_path / "results.2.jsonl").write_text("1")
    (tmp_path / "results.jsonl").write_text("0")
    rotate(tmp_path / "results.jsonl", 3)
    assert there(tmp_path) == {"results.1.jsonl": "0", "results.3.jsonl": "1"}
