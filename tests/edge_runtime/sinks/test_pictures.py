import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.errors import SinkError
from edge_runtime.result import Event, Prediction
from edge_runtime.sinks.pictures import PicturesSink, name_of
from edge_runtime.sinks.places import PicturesAddress
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import flat, in_a_process
from tests.edge_runtime.sinks.results import AT, DOOR, change, event, prediction, rejection

BOTH = frozenset({"predictions", "events"})


def sink_at(
    directory: Path, keep: int = 100, labels: frozenset[str] = frozenset(), what: frozenset[str] = BOTH
) -> PicturesSink:
    return PicturesSink(PicturesAddress(f"pictures:{directory}", directory, keep, labels, what=what))


def take(sink: PicturesSink, *results: Prediction | Event) -> None:
    for result in results:
        sink.take(result, Frame(result.source, result.frame, AT, flat(99, (60, 80))))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def frames(directory: Path) -> list[int]:
    return [int(name.split("_")[2]) for name in names(directory)]


def test_a_picture_says_when_where_and_what_in_its_name_and_all_of_it_inside(tmp_path: Path) -> None:
    with sink_at(tmp_path / "new") as sink:
        take(sink, prediction(7), event(8))
    first, second = names(tmp_path / "new")
    assert first == "20261121T220307.125Z_rtsp-192-168-1-20-stream1_000007_bright.jpg"
    assert second == "20261121T220308.125Z_rtsp-192-168-1-20-stream1_000008_bright_event.jpg"
    with Image.open(tmp_path / "new" / first) as image:
        image.load()
        assert image.format == "JPEG"
        assert json.loads(image.info["comment"]) == prediction(7).to_plain()


def test_the_oldest_make_room_in_this_life_and_the_next(tmp_path: Path) -> None:
    with sink_at(tmp_path, keep=5) as sink:
        take(sink, *[prediction(number) for number in range(8)])
    assert frames(tmp_path) == [3, 4, 5, 6, 7]
    with sink_at(tmp_path, keep=3) as sink:
        take(sink, prediction(8))
    assert frames(tmp_path) == [6, 7, 8]


def test_a_clock_that_is_set_back_does_not_cost_the_newest(tmp_path: Path) -> None:
    with sink_at(tmp_path, keep=3) as sink:
        take(sink, *[prediction(number) for number in range(3)])
        take(sink, prediction(3, at=AT - 1e6))
        take(sink, prediction(4, at=AT - 1e6))
    assert sorted(frames(tmp_path)) == [2, 3, 4]


def test_other_files_are_neither_counted_nor_removed(tmp_path: Path) -> None:
    for name in ("holiday.jpg", "20261121_220300.jpg", ".hidden.jpg.partial"):
        (tmp_path / name).write_text(name)
    with sink_at(tmp_path, keep=1) as sink:
        take(sink, prediction(1), prediction(2))
    assert names(tmp_path) == sorted(
        ["holiday.jpg", "20261121_220300.jpg", ".hidden.jpg.partial", name_of(prediction(2))]
    )


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / f".{name_of(prediction(1))}.abc123.partial").write_text("half")
    with sink_at(tmp_path):
        assert names(tmp_path) == []


def test_only_the_labels_and_kinds_asked_for_are_drawn(tmp_path: Path) -> None:
    sink = sink_at(tmp_path, labels=frozenset({"dark", "unknown"}))
    assert not sink.wants(prediction(score=0.9))
    assert sink.wants(prediction(score=0.1))  # unknown
    assert sink.wants(event(label="dark"))
    only = sink_at(tmp_path, what=frozenset({"events"}))
    assert [only.wants(result) for result in (prediction(), event(), change(), rejection())] == [
        False,
        True,
        False,
        False,
    ]


def test_a_label_or_source_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    odd = replace(prediction(1, source="../../etc"), best=(("../신발/\0", 0.9),))
    with sink_at(tmp_path / "in") as sink:
        take(sink, odd)
    assert names(tmp_path) == ["in"]
    assert len(names(tmp_path / "in")) == 1


def test_a_frame_that_was_let_go_or_is_none_is_an_error_and_no_end(tmp_path: Path) -> None:
    with sink_at(tmp_path) as sink:
        with pytest.raises(SinkError, match="frames come faster than they can be drawn"):
            sink.take(prediction(1), None)
        with pytest.raises(SinkError, match=r"pictures:.*: .*gone\.png: cannot be decoded"):
            sink.take(prediction(1), Frame(DOOR, 1, AT, tmp_path / "gone.png"))
        take(sink, prediction(2))
    assert frames(tmp_path) == [2]


def test_a_place_that_is_no_directory_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"cannot be written: /.*/file is a file, where a directory is wanted"):
        sink_at(tmp_path / "file").__enter__()


def test_a_full_disk_is_an_error_and_no_half_picture_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from edge_runtime.errors import SinkError
from tests.edge_runtime.sinks.test_pictures import sink_at, take, prediction
with sink_at(Path(sys.argv[1])) as sink:
    take(sink, prediction(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, -1))
    try:
        take(sink, prediction(2))
    except SinkError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    take(sink, prediction(3))
"""
    done = in_a_process(code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pictures:{tmp_path}: cannot be written: File too large\n"
    assert frames(tmp_path) == [1, 3]
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
