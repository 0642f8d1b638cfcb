import io
import json
from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.captures import capture
from edge_runtime.captures.ring import Ring
from edge_runtime.http.settings import Settings
from tests.edge_runtime.http.serving import DOOR, PLENTY, TOKEN, Reply, Served, serving
from tests.edge_runtime.http.test_pictures import encoded
from tests.edge_runtime.samples import IDENTITY

KNOWN = {"Authorization": f"Bearer {TOKEN}"}


def kept(directory: Path, count: int = 3, label: str = "dark") -> Ring:
    """A ring with pictures of different widths."""
    ring = Ring(directory)
    model = capture.Model(IDENTITY.bundle, IDENTITY.version, IDENTITY.digest, IDENTITY.variant, IDENTITY.runtime)
    best = ((label, 0.55), ("bright", 0.45))
    for number in range(count):
        facts = capture.Facts(
            *(DOOR, None, number, 1_790_000_000.0 + number, label, 0.55, best, model, "uncertain", "it was", None)
        )
        assert ring.add(encoded((40 + number, 30)), ".jpg", facts)
    return ring


def give(served: Served, id: str, label: object, headers: dict[str, str] | None = None) -> Reply:
    return served.ask(f"/api/captures/{id}/label", "PUT", json.dumps({"label": label}).encode(), headers)


def test_the_kept_pictures_are_listed_newest_first_and_shown(tmp_path: Path) -> None:
    with serving(captures=kept(tmp_path)) as served:
        listed = served.ask("/api/captures").json["captures"]
        picture = served.ask(f"/api/captures/{listed[0]['id']}/picture")
    assert [one["captured_at"][-5:-1] for one in listed] == [".000"] * 3
    assert [one["id"][:8] for one in listed] == ["00000003", "00000002", "00000001"]
    first = listed[0]
    assert (first["label"], first["score"], first["reason"], first["given"]) == ("dark", 0.55, "uncertain", None)
    assert Image.open(io.BytesIO(picture.body)).size == (42, 30)


def test_a_person_names_a_picture_takes_it_back_and_throws_one_away(tmp_path: Path) -> None:
    ring = kept(tmp_path)
    id, other = (one.id for one in ring.list(2))
    with serving(captures=ring) as served:
        assert give(served, id, "bright").status == 204
        assert ring.get(id).given == "bright"
        assert give(served, id, None).status == 204
        assert ring.get(id).given is None
        assert served.ask(f"/api/captures/{other}", "DELETE").status == 204
    assert [one.id[:8] for one in ring.list()] == ["00000003", "00000001"]


def test_nothing_is_changed_by_whoever_does_not_know_the_token(tmp_path: Path) -> None:
    ring = kept(tmp_path)
    id = ring.list()[0].id
    with serving(Settings(port=0, token=TOKEN, limits=PLENTY), ring) as served:
        assert give(served, id, "bright").status == 401
        assert served.ask(f"/api/captures/{id}", "DELETE", headers={"Authorization": "Bearer no"}).status == 401
        assert (
            served.ask(f"/api/captures/{id}", "DELETE", headers={**KNOWN, "Origin": "http://evil.example"}).status
            == 403
        )
        assert [one.given for one in ring.list()] == [None] * 3
        assert give(served, id, "bright", KNOWN).status == 204
    assert ring.get(id).given == "bright"


@pytest.mark.parametrize("id", ["00000009-000000000000", "..", ".hidden", "%2e%2e", "a" * 200, "-", "x%00", "%ff"])
def test_a_picture_that_is_not_there_is_not_found(id: str, tmp_path: Path) -> None:
    with serving(captures=kept(tmp_path, 1)) as served:
        assert served.ask(f"/api/captures/{id}/picture").status == 404
        assert give(served, id, "bright").status == 404
        assert served.ask(f"/api/captures/{id}", "DELETE").status == 404


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b'{"label": "brihgt"}', "did you mean 'bright'"),
        (b'{"label": "\\ud800"}', "not one of the model's"),
        (b'{"label": 1}', "label"),
        (b"{}", "label"),
        (b'{"lable": "bright"}', "did you mean 'label'"),
        (b"rubbish", "not valid JSON"),
    ],
)
def test_a_label_that_the_model_does_not_know_is_refused(sent: bytes, told: str, tmp_path: Path) -> None:
    ring = kept(tmp_path, 1)
    with serving(captures=ring) as served:
        reply = served.ask(f"/api/captures/{ring.list()[0].id}/label", "PUT", sent)
    assert reply.status == 400
    assert told in reply.json["error"]


def test_a_label_that_was_given_at_the_device_as_new_can_be_given_here_too(tmp_path: Path) -> None:
    ring = kept(tmp_path, 2)
    first, second = (one.id for one in ring.list())
    with serving(captures=ring) as served:
        assert served.ask("/api/captures").json["labels"] == ["dark", "bright"]
        assert give(served, second, "flickering").status == 400
        ring.give_label(first, "flickering")
        assert served.ask("/api/captures").json["labels"] == ["dark", "bright", "flickering"]
        assert give(served, second, "flickering").status == 204
    assert ring.get(second).given == "flickering"


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    ring = kept(tmp_path / "ring", 1)
    id = ring.list()[0].id
    with serving(captures=ring) as served:
        (tmp_path / "ring" / ".lock").unlink()
        (tmp_path / "ring" / ".lock").mkdir()  # where even root can open no file
        reply = give(served, id, "bright")
    assert reply.status == 500
    assert "cannot be written" in reply.json["error"]


def test_where_none_are_kept_none_are_there() -> None:
    with serving() as served:
        for path in ("/api/captures", "/api/captures/x/picture"):
            assert served.ask(path).status == 404
        assert give(served, "x", "bright").status == 404
