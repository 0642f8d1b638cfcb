import pytest

from edge_runtime.errors import UsageError
from edge_runtime.events.region import parse_region
from edge_runtime.preprocess import WHOLE, Region


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("0,0,1,1", WHOLE),
        ("0.25,0,0.75,1", Region(0.25, 0, 0.75, 1)),
        ("25%,0%,75%,100%", Region(0.25, 0, 0.75, 1)),
        (" .1 , 10% , 90 % , 1.0 ", Region(0.1, 0.1, 0.9, 1)),
    ],
)
def test_a_region_is_named_in_shares_or_percent(text: str, region: Region) -> None:
    assert parse_region(text) == region


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "1 values found"),
        ("0,0,1", "3 values found"),
        ("0,0,1,1,1", "5 values found"),
        ("a,0,1,1", "'a' found"),
        ("0,,1,1", "'' found"),
        ("25,0,75,100", "'25' found; write 25% for a quarter"),
        ("0,0,640,480", "'640' found"),
        ("-0.1,0,1,1", "'-0.1' found"),
        ("0,0,101%,1", "'101%' found"),
        ("nan,0,1,1", "'nan' found"),
        ("0,0,inf,1", "'inf' found"),
        ("0.5,0,0.5,1", "right beyond left expected, 0.5 to 0.5 found"),
        ("0,90%,1,10%", "bottom beyond top expected, 0.9 to 0.1 found"),
    ],
)
def test_what_is_no_region_is_refused_with_what_was_wanted(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_region(text)
    assert str(refused.value).startswith(f"region '{text}': ")
    assert str(refused.value).endswith(reason)
