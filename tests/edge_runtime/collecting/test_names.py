import pytest

from edge_runtime.collecting.names import recording_of, stem_of
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import flat

AT = 1_800_000_000.0  # 2027-01-15, 08:00 UTC


def recording(source: str, at: float = AT, number: int = 0) -> str | None:
    return recording_of(f"{stem_of(Frame(source, number, at, flat(1)))}_0123456789ab.jpg")


@pytest.mark.parametrize(
    "video", ["belt.mp4", "/home/me/belt.MP4?fps=5", "belt 2.mkv", "벨트.mov", "a-b.ts", f"{'long ' * 30}.avi"]
)
def test_a_video_is_one_recording_whenever_its_frames_are_taken_out(video: str) -> None:
    assert recording(video) == recording(video, AT + 86_400, 999)
    assert recording(video)


def test_a_camera_is_another_recording_an_hour_later(tmp_path: object) -> None:
    assert recording("/dev/video0") == recording("/dev/video0", AT + 3599, 999) == "dev-video0 20270115T08"
    assert recording("/dev/video0", AT + 3600) == "dev-video0 20270115T09"


def test_two_sources_are_two_recordings() -> None:
    sources = ["0", "/dev/video1", "rtsp://gate/mp4/stream", "belt.mp4", "belt.mkv", "벨트.mp4", "다른.mp4"]
    assert len({recording(source) for source in sources}) == len(sources)


@pytest.mark.parametrize("name", ["IMG_0001.jpg", "20270115T080000.000Z_bolt.jpg", "belt_000012_0123456789ab.jpg", ""])
def test_names_that_capture_did_not_give_tell_nothing(name: str) -> None:
    assert recording_of(name) is None
