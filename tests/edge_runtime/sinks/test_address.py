import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import UsageError
from edge_runtime.sinks.address import parse
from edge_runtime.sinks.choice import CHANGES, EVERYTHING
from edge_runtime.sinks.places import (
    JsonLinesAddress,
    MqttAddress,
    PicturesAddress,
    SqliteAddress,
    StdoutAddress,
    VideoAddress,
    WebhookAddress,
)

SECRET = "s3cret"


def test_addresses_become_values() -> None:
    assert parse("jsonl:-") == StdoutAddress("jsonl:-", EVERYTHING)
    assert parse("jsonl:/var/log/edge/results.jsonl?size=10M&keep=3") == JsonLinesAddress(
        "jsonl:/var/log/edge/results.jsonl", Path("/var/log/edge/results.jsonl"), 10 * 2**20, 3, EVERYTHING
    )
    assert parse("sqlite:results.db?keep=500&what=events") == SqliteAddress(
        "sqlite:results.db", Path("results.db"), 500, frozenset({"events"})
    )
    assert parse("pictures:~/seen?keep=10&labels=dark,unknown&width=640") == PicturesAddress(
        "pictures:~/seen", Path("~/seen").expanduser(), 10, frozenset({"dark", "unknown"}), 640
    )
    assert parse("video:day.avi?fps=12.5&size=2G") == VideoAddress("video:day.avi", Path("day.avi"), 12.5, 2 * 2**30)


@pytest.mark.parametrize("text", ["64k", "64K", "65536"])
def test_the_letter_of_a_size_may_be_small(text: str) -> None:
    place = parse(f"jsonl:x?size={text}")
    assert isinstance(place, JsonLinesAddress)
    assert place.size == 2**16


def test_a_broker_has_user_password_and_prefix() -> None:
    place = parse(
        f"mqtts://us%40er:{SECRET}%2F@broker.local/house/door?ca=/etc/ca.pem&outbox=/var/a%26b.db&what=events"
    )
    assert place == MqttAddress(
        shown="mqtts://***@broker.local/house/door",
        host="broker.local",
        port=8883,
        prefix="house/door",
        user="us@er",
        secret=f"{SECRET}/",
        tls=True,
        ca=Path("/etc/ca.pem"),
        outbox=Path("/var/a&b.db"),
        what=frozenset({"events"}),
    )


def test_a_broker_needs_its_host_only() -> None:
    place = parse("mqtt://10.0.0.2:1884")
    assert place == MqttAddress("mqtt://10.0.0.2:1884", "10.0.0.2", 1884)
    assert isinstance(place, MqttAddress)
    assert (place.what, place.discovery) == (CHANGES, True)
    six = parse("mqtt://[fd00::2]/x")
    assert isinstance(six, MqttAddress)
    assert (six.host, six.port) == ("fd00::2", 1883)


def test_a_webhooks_query_is_the_receivers_and_options_come_after_the_hash() -> None:
    place = parse(f"webhook+https://hooks.example.org:8443/services/{SECRET}?room=1&token={SECRET}#token=/run/t&keep=5")
    assert place == WebhookAddress(
        shown="webhook+https://hooks.example.org:8443/***",
        host="hooks.example.org",
        port=8443,
        target=f"/services/{SECRET}?room=1&token={SECRET}",
        tls=True,
        token=Path("/run/t"),
        keep=5,
    )
    assert parse("webhook+http://10.0.0.2") == WebhookAddress("webhook+http://10.0.0.2", "10.0.0.2", 80, "/", tls=False)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("-", "-: names no sink; jsonl:-, for one"),
        ("/x/results", "/x/results: names no sink; jsonl:/x/results, for one"),
        ("/x/foo.jsonl?keep=3", "/x/foo.jsonl: names no sink; did you mean 'jsonl:/x/foo.jsonl'?"),
        ("results.jsonl", "results.jsonl: names no sink; did you mean 'jsonl:results.jsonl'?"),
        ("~/Results.DB", "~/Results.DB: names no sink; did you mean 'sqlite:~/Results.DB'?"),
        ("day.sqlite", "day.sqlite: names no sink; did you mean 'sqlite:day.sqlite'?"),
        ("day.mp4", "day.mp4: names no sink; did you mean 'video:day.mp4'?"),
        ("/x/a:b.jsonl", "***: names no sink; jsonl:FILE, for one"),
        ("jsnl:x", "jsnl: no sink is called 'jsnl:'; did you mean 'jsonl'?"),
        ("jsonl:", "jsonl: names no file; jsonl:FILE expected"),
        ("jsonl:-?size=1M", "jsonl:-: unknown option 'size'; known: what"),
        ("jsonl:x?kepe=1", "jsonl:x: unknown option 'kepe'; did you mean 'keep'?"),
        ("jsonl:x?keep", "jsonl:x: options are written name=value and joined by &"),
        ("jsonl:x?keep=1&keep=2", "jsonl:x: keep is given twice"),
        ("jsonl:x?keep=0", "jsonl:x: keep: a whole number from 1 expected, '0' found"),
        ("jsonl:x?keep=+3", "jsonl:x: keep: a whole number from 1 expected, '+3' found"),
        ("jsonl:x?size=10MB", "jsonl:x: size: a size from 4K, as in 500K, 10M or 2G, expected, '10MB' found"),
        ("jsonl:x?size=1K", "jsonl:x: size: a size from 4K, as in 500K, 10M or 2G, expected, '1K' found"),
        ("jsonl:x?what=event", "jsonl:x: what: 'event' is no kind of result; did you mean 'events'?"),
        ("sqlite:", "sqlite: names no file; sqlite:FILE expected"),
        ("mqtt:broker", "mqtt: mqtt://HOST expected"),
        ("mqtt://", "mqtt://: names no host; mqtt://HOST expected"),
        ("mqtt://broker:99999", "mqtt://broker:99999: not an address; mqtt://HOST:PORT expected"),
        ("mqtt://broker/a/#", "mqtt://broker: a topic holds no #, and options come after ?"),
        ("mqtt://broker/a/+/b", "mqtt://broker: a topic holds no + and no #"),
        ("mqtt://broker?ca=x", "mqtt://broker: ca goes with mqtts://, mqtt:// is not encrypted"),
        ("mqtt://broker?discovery=yes", "mqtt://broker: discovery: 0 or 1 expected, 'yes' found"),
        ("mqtt://broker?outbox=", "mqtt://broker: outbox: a file's path expected, nothing found"),
        (
            "mqtt://u:p@broker?password=f",
            "mqtt://***@broker: has a password in it and in a file; one of them is enough",
        ),
        ("mqtt://broker?password=f", "mqtt://broker: a password without a user"),
        ("mqtts://broker?key=f", "mqtts://broker: key without cert; cert=FILE expected"),
        ("webhook:x", "webhook: results are posted to webhook+https://HOST/PATH"),
        ("webhook:http://host/a", "webhook: results are posted to webhook+http://HOST/PATH"),
        ("https://host/a", "https: results are posted to webhook+https://HOST/PATH; the page is no sink but --http"),
        ("http://host/a", "http: results are posted to webhook+http://HOST/PATH; the page is no sink but --http"),
        ("capture:x", "capture: no sink is called 'capture:'; did you mean 'captures'?"),
        ("jsonl:x#what=events", "jsonl:x: options come after ?, as in ?what=events"),
        (
            "webhook+https://host/a?what=events",
            "webhook+https://host: after ? is the receiver's; options come after #, as in #what=events",
        ),
        (
            "webhook+https://host/a b",
            "webhook+https://host: write its path and query percent-encoded, as in %20 for a space",
        ),
        (
            "webhook+http://host#ca=x",
            "webhook+http://host: ca goes with webhook+https://, webhook+http:// is not encrypted",
        ),
        ("pictures:", "pictures: names no dir; pictures:DIR expected"),
        ("pictures:x?what=sources", "pictures:x: what: sources cannot be drawn; predictions, events or both expected"),
        ("video:x.mkv", "video:x.mkv: a video ends in .mp4 or .avi (which a power cut leaves readable)"),
        ("video:x.avi?fps=0", "video:x.avi: fps: a number above 0 expected, '0' found"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(address: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(address)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "address",
    [
        f"mqtt://user:{SECRET}@broker/x",
        f"mqtt://user:{SECRET}@",
        f"mqtt://user:{SECRET}@broker:port",
        f"mqtt://user:{SECRET}@broker/+",
        f"mqtt://user:{SECRET}/@broker",
        f"mqtt://user:{SECRET}#@broker",
        f"mqtt://user:{SECRET}?@broker",
        f"mqtt://user:{SECRET}@broker?{SECRET}",
        f"mqtt://user:{SECRET}@broker?pasword={SECRET}",
        f"mqtt://us:{SECRET}@er:{SECRET}@broker",
        f"mqt://user:{SECRET}@broker",
        f"user:{SECRET}@broker",
        f"{SECRET}@broker",
        f"//{SECRET}@broker/x.db",
        f"//user:{SECRET}/x.jsonl",
        f"/x.jsonl?password={SECRET}",
        f"webhook+https://user:{SECRET}@host/x",
        f"https://user:{SECRET}@host/{SECRET}",
        f"webhook:{SECRET}://host/{SECRET}",
        f"webhook+https://host/{SECRET}",
        f"webhook+https://host/{SECRET}?key={SECRET}",
        f"webhook+https://host/{SECRET} #x=1",
        f"webhook+https://host/{SECRET}#tokn={SECRET}",
    ],
)
def test_what_is_secret_is_never_shown(address: str) -> None:
    try:
        place = parse(address)
        shown = place.shown + repr(place)
    except UsageError as error:
        shown = str(error)
    assert SECRET not in shown


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for address in (text, f"jsonl:{text}", f"mqtt://{text}", f"webhook+https://{text}", f"sqlite:x?{text}"):
        with contextlib.suppress(UsageError):
            parse(address)
