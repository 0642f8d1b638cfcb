import pytest

from edge_runtime.errors import UsageError
from edge_runtime.sources.address import parse, shown

ESCAPES = "in user, password, path and query write %40 for @, %2F for /, %3F for ? and %23 for #"


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("rtsp://camera/stream", "rtsp://camera/stream"),
        ("rtsp://user:geheim@camera:8554/stream", "rtsp://***@camera:8554/stream"),
        ("rtsp://geheim@camera", "rtsp://***@camera"),
        ("rtsp://user:geh@eim@camera/x", "rtsp://***@camera/x"),
        ("rtsp://user:geh/eim@camera/x", "rtsp://***@camera/x"),
        ("rtsp://user:geh?eim@camera/x", "rtsp://***@camera/x"),
        ("rtsp://user:geh#eim@camera/x", "rtsp://***@camera/x"),
        ("http://camera/video?user=a&pwd=geheim", "http://camera/video?user=***&pwd=***"),
        ("http://camera/video?geheim", "http://camera/video?***"),
        ("http://camera/video#geheim", "http://camera/video#***"),
        ("http://u:geheim@camera/x.jpg#every=2.5&verify=no", "http://***@camera/x.jpg#every=2.5&verify=no"),
        ("http://camera/x#every=geheim:geheim", "http://camera/x#every=***"),
        ("http://camera/x#token=geheim&every=1", "http://camera/x#token=***&every=1"),
        ("rtsp://u:geheim@nvr/live?channel=2&subtype=0", "rtsp://***@nvr/live?channel=2&subtype=0"),
        ("http://camera/?channel=1;pwd=geheim", "http://camera/?channel=***"),
        ("rtsp://camera/live?transport=tcp&unicast=true", "rtsp://camera/live?transport=tcp&unicast=true"),
        ("rtsp://camera/live?tranport=geheim&loginpas=geheim", "rtsp://camera/live?tranport=***&loginpas=***"),
        (
            "rtsp://nvr:554/user=admin_password=ge_heim_channel=1_stream=0.sdp?real_stream",
            "rtsp://nvr:554/user=***_channel=1_stream=0.sdp?***",
        ),
        (
            "rtsp://nvr/user=admin&password=geheim/geheim&channel=2&stream=0.sdp",
            "rtsp://nvr/user=***&channel=2&stream=0.sdp",
        ),
        ("http://camera/Password=geheim", "http://camera/Password=***"),
        ("rtsp:user:geheim@camera/x", "rtsp:***@camera/x"),
        ("rstp://user:geheim@camera/x", "rstp://***@camera/x"),
        ("user:geheim@camera/x", "user:***@camera/x"),
        ("http://user:geheim@[fe80::1]:80/x", "http://***@[fe80::1]:80/x"),
        ("watch:/srv/in@home?", "watch:/srv/in@home?"),
        ("replay:a@b.png?fps=1&loop=0", "replay:a@b.png?fps=1&loop=0"),
        ("pictures/a@b.png", "pictures/a@b.png"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_must_stay_secret(address: str, safe: str) -> None:
    assert shown(address) == safe
    assert "geheim" not in shown(address)
    assert shown(safe) == safe


@pytest.mark.parametrize(
    ("address", "host", "port", "path"),
    [
        ("rtsp://camera", "camera", 554, "/"),
        ("rtsps://camera/x", "camera", 322, "/x"),
        ("http://u:p@10.0.0.7:8080/video?channel=1", "10.0.0.7", 8080, "/video?channel=1"),
        ("https://[fe80::1]/x", "fe80::1", 443, "/x"),
    ],
)
def test_an_address_is_taken_apart(address: str, host: str, port: int, path: str) -> None:
    parsed = parse(address)
    assert (parsed.host, parsed.port, parsed.path, parsed.url) == (host, port, path, address)
    assert parsed.has_user == ("@" in address)


@pytest.mark.parametrize(
    ("address", "user", "password"),
    [
        ("http://camera/x", None, ""),
        ("http://us%40er:p%2Fw%23@camera/x", "us@er", "p/w#"),
        ("http://user@camera/x", "user", ""),
        ("http://:word@camera/x", "", "word"),
    ],
)
def test_user_and_password_are_without_their_escapes(address: str, user: str | None, password: str) -> None:
    parsed = parse(address)
    assert (parsed.user, parsed.password) == (user, password)


def test_options_of_ours_are_no_part_of_the_path() -> None:
    assert parse("http://camera/x?channel=1#every=2").path == "/x?channel=1"


def test_ffmpeg_gets_the_scheme_in_small_letters() -> None:
    assert parse("RTSP://User@Camera/X").url == "rtsp://User@Camera/X"


def test_no_part_of_a_password_is_in_what_a_debugger_prints() -> None:
    assert repr(parse("rtsp://user:geheim@camera/x")) == "StreamAddress(rtsp://***@camera/x)"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("rtsp://", "rtsp://: names no host; rtsp://HOST/PATH expected"),
        ("rtsp:///stream", "rtsp:///stream: names no host; rtsp://HOST/PATH expected"),
        ("rtsp://u:p@/x", "rtsp://***@/x: names no host; rtsp://HOST/PATH expected"),
        ("http://camera:port/x", "http://camera:port/x: not an address; http://HOST:PORT/PATH expected"),
        ("http://camera:99999/x", "http://camera:99999/x: not an address; http://HOST:PORT/PATH expected"),
        ("http://[::1/x", "http://[::1/x: not an address; http://HOST:PORT/PATH expected"),
        (
            "rtsp://user:geh/eim@camera/x",
            "rtsp://***@camera/x: " + ESCAPES,
        ),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_without_its_password(address: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(address)
    assert str(refused.value) == message
