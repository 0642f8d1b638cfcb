import pytest

from edge_runtime.errors import UsageError
from edge_runtime.http.settings import Settings, is_loopback, place


def test_it_listens_on_loopback_unless_another_address_is_asked_for() -> None:
    assert Settings().address == "http://127.0.0.1:8080"
    assert Settings(host="::1", port=80).address == "http://[::1]:80"


def test_a_token_appears_nowhere() -> None:
    assert "0123456789abcdef" not in repr(Settings(token="0123456789abcdef"))


@pytest.mark.parametrize("token", ["", "short", "0123456789abcdé0123", "0123456789abcdef\n"])
def test_a_token_that_can_be_guessed_or_not_be_sent_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(UsageError, match="at least 16 printable ASCII characters") as refused:
        Settings(token=token)
    assert not token or token not in str(refused.value)


def test_nobody_could_look_at_a_private_page_without_a_token() -> None:
    with pytest.raises(UsageError, match="private needs a token"):
        Settings(private=True)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", 8080),
        ("http://0.0.0.0:80/", "0.0.0.0", 80),
        ("http://[::1]:9", "::1", 9),
        ("http://:9000", "127.0.0.1", 9000),
        ("http://device.local", "device.local", 8080),
        ("http://127.0.0.1:0", "127.0.0.1", 0),
    ],
)
def test_an_address_names_host_and_port(address: str, host: str, port: int) -> None:
    assert place(address) == (host, port)


@pytest.mark.parametrize(
    "address",
    ["https://a:1", "127.0.0.1:80", "http://a:70000", "http://a:x", "http://a:1/page", "http://a?b", "http://["],
)
def test_what_is_no_such_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="http://HOST:PORT is wanted"):
        place(address)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as refused:
        place("http://me:secret@host:80")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_is_known_in_every_form(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "device.local", "", "::ffff:10.0.0.1"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
