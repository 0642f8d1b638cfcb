import pytest

from tools.containers import images, stage


@pytest.mark.parametrize(
    ("source", "camera"),
    [
        ("0", True),
        ("/dev/video0", True),
        ("rtsp://camera.example/1", True),
        ("http://camera.example/stream", False),
        ("film.MP4", True),
        ("film.mp4?fps=5", True),
        ("watch:film.mp4", False),
        ("watch:incoming", False),
        ("photo.jpg", False),
    ],
)
def test_cameras_get_the_image_with_opencv(source: str, camera: bool) -> None:
    assert stage.image_of("edge", "cpu", source).reference.endswith("-camera") == camera
    signed = "-camera-signed" if camera else "-signed"
    assert stage.image_of("edge", "cpu", source, signed=True).reference == f"{images.edge().reference}{signed}"


def test_the_local_environment_runs_the_same_words() -> None:
    command = stage.command("local", "train", ["fit", "--data", "x"], "cpu")
    assert command[-5:] == ["-m", "train", "fit", "--data", "x"]
    assert stage.command("local", "edge", ["run"], "cpu")[0].endswith(".venv/bin/edge-runtime")
