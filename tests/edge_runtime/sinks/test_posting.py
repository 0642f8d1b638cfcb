import pytest

from edge_runtime.sinks.posting import named, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 400, 9999999999.0),
    ],
)
def test_when_to_come_again_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_of(text, 100.0) == seconds


def test_a_status_is_named_as_people_know_it() -> None:
    assert named(404) == "404 Not Found"
    assert named(599) == "599"
    assert named(301) == "301, a redirect, which is not followed; give the address that it leads to"
