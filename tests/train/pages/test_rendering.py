from pathlib import Path

import pytest
from jinja2 import UndefinedError

from train.pages.rendering import interval, percent, render, share


def rendered(place: Path, body: str, **values: object) -> str:
    template = place / "own.html"
    template.write_text(
        '{% extends "page.html" %}{% block title %}Own{% endblock %}{% block body %}' + body + "{% endblock %}"
    )
    return render(template, **values).decode()


def test_a_template_of_any_place_has_the_head_and_the_style_of_all(tmp_path: Path) -> None:
    page = rendered(tmp_path, "<h1>나사</h1>")
    assert page.startswith('<!doctype html>\n<html lang="en">\n<meta charset="utf-8">')
    assert "<title>Own</title>" in page
    assert "prefers-color-scheme: dark" in page
    assert "<h1>나사</h1>" in page


def test_no_page_may_load_or_run_anything(tmp_path: Path) -> None:
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in rendered(tmp_path, "")


def test_a_value_is_never_taken_for_html(tmp_path: Path) -> None:
    assert "&lt;img src=x&gt;" in rendered(tmp_path, "{{ name }}", name="<img src=x>")


def test_a_name_of_no_encoding_stops_no_page(tmp_path: Path) -> None:
    assert "<b>??</b>" in rendered(tmp_path, "<b>{{ name }}</b>", name=b"\xff\xfe".decode("utf-8", "surrogateescape"))


def test_a_template_that_names_what_nobody_gave_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError, match="'forgotten' is undefined"):
        rendered(tmp_path, "{{ forgotten }}")


def test_a_share_is_told_from_nothing_and_from_all() -> None:
    assert [percent(value) for value in (0.0, 0.00004, 0.5, 0.99996, 1.0, None)] == [
        "0 %",
        "0.004 %",
        "50.0 %",
        "99.996 %",
        "100 %",
        "–",
    ]
    assert (share(0.12345), share(0.12345, 2), share(None)) == ("0.1235", "0.12", "–")
    assert (interval((0.1, 0.25)), interval(None)) == ("0.1000 to 0.2500", "–")
