import socket

import pytest
from starlette.requests import HTTPConnection

from edge_runtime.http.answers import Refusal
from edge_runtime.http.door import WRONG_BURST, Door
from edge_runtime.http.settings import Settings
from tests.edge_runtime.http.serving import TOKEN

HERE = "127.0.0.1"
ELSEWHERE = "192.168.1.7"


def request(client: str = HERE, method: str = "PUT", **headers: str) -> HTTPConnection:
    named = {"host": "127.0.0.1:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    return HTTPConnection({"type": "http", "method": method, "headers": raw, "client": (client, 40000)})


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_without_a_token_only_this_machine_may_change_something() -> None:
    door = Door(Settings())
    door.changes(request(HERE))
    with pytest.raises(Refusal, match="before a token is set") as refused:
        door.changes(request(ELSEWHERE))
    assert refused.value.status == 403
    assert (door.asks(request(HERE)), door.asks(request(ELSEWHERE))) == ("nothing", "never")


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_what_a_proxy_on_this_machine_passes_on_does_not_come_from_here(header: str) -> None:
    with pytest.raises(Refusal, match="before a token is set"):
        Door(Settings()).changes(request(HERE, **{header: "10.0.0.1"}))


@pytest.mark.parametrize("client", [HERE, ELSEWHERE])
def test_with_a_token_whoever_knows_it_may_change_something_and_nobody_else(client: str) -> None:
    door = Door(Settings(token=TOKEN))
    door.changes(request(client, authorization=bearer(TOKEN)))
    for wrong in ("", TOKEN, bearer(""), bearer(TOKEN[:-1]), bearer(TOKEN + "0"), f"Basic {TOKEN}", bearer("é" * 20)):
        with pytest.raises(Refusal) as refused:
            door.changes(request(client, authorization=wrong))
        assert refused.value.status == 401
        assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")
        assert TOKEN not in str(refused.value)
    assert door.asks(request(client)) == "token"


def test_wrong_tokens_are_few_and_then_not_even_the_right_one_is_compared() -> None:
    now = [0.0]
    door = Door(Settings(token=TOKEN), lambda: now[0])
    statuses = []
    for _ in range(WRONG_BURST + 2):
        with pytest.raises(Refusal) as refused:
            door.changes(request(ELSEWHERE, authorization=bearer("x" * 20)))
        statuses.append(refused.value.status)
    assert statuses == [401] * WRONG_BURST + [429] * 2
    with pytest.raises(Refusal, match="too many wrong tokens"):
        door.changes(request(ELSEWHERE, authorization=bearer(TOKEN)))
    door.changes(request("192.168.1.8", authorization=bearer(TOKEN)))
    now[0] = 60.0
    door.changes(request(ELSEWHERE, authorization=bearer(TOKEN)))


def test_a_page_that_asks_without_a_token_uses_none_of_the_tries_up() -> None:
    door = Door(Settings(token=TOKEN, private=True), lambda: 0.0)
    for _ in range(100):
        with pytest.raises(Refusal, match="a token is needed"):
            door.looks(request(method="GET"))
    door.looks(request(method="GET", authorization=bearer(TOKEN)))


def test_looking_is_free_unless_the_page_is_private() -> None:
    Door(Settings(token=TOKEN)).looks(request(ELSEWHERE, method="GET"))
    with pytest.raises(Refusal, match="a token is needed"):
        Door(Settings(token=TOKEN, private=True)).looks(request(HERE, method="GET"))


OWN = socket.gethostname()


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost:8080",
            "LocalHost",
            "[::1]:8080",
            "[fe80::1]",
            "192.168.1.20:80",
            "edge:80",
            "cam.example",
        ),
        *(OWN, f"{OWN.partition('.')[0]}.local:8080"),
    ],
)
def test_this_machine_is_known_by_its_names_and_by_any_address(host: str) -> None:
    Door(Settings(names=("cam.example",))).knows(request(host=host))


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "["]
)
def test_a_name_that_another_site_pointed_here_is_not_answered(host: str) -> None:
    for method in ("GET", "PUT"):
        with pytest.raises(Refusal, match="not a name of this device") as refused:
            Door(Settings()).knows(request(host=host, method=method))
        assert refused.value.status == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", ""])
def test_a_page_of_another_site_may_not_ask_for_anything_that_is_done(origin: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        with pytest.raises(Refusal, match="another site"):
            Door(Settings()).knows(request(method=method, origin=origin))


def test_the_page_itself_may() -> None:
    Door(Settings()).knows(request(origin="http://127.0.0.1:8080"))
