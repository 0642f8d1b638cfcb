import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.sources.auth import Challenge, Login, challenges, digest

# RFC 7616, section 3.9.1.
QUESTION = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def login(user: str = "user", password: str = "geheim") -> Login:
    return Login(user, password, lambda: CNONCE)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_answers_as_the_standards_example(algorithm: str, response: str) -> None:
    (challenge,) = challenges([QUESTION.format(algorithm)])
    answer = digest(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", CNONCE, 1)
    assert answer.startswith('Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/')
    assert f'response="{response}"' in answer
    assert 'uri="/dir/index.html"' in answer
    assert f'cnonce="{CNONCE}"' in answer
    assert answer.endswith(f"algorithm={algorithm}, qop=auth, nc=00000001")


def test_digest_of_old_cameras_knows_no_qop() -> None:
    # RFC 2069, section 2.4, with the answer as its erratum 749 has it.
    question = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    (challenge,) = challenges([question])
    answer = digest(challenge, "Mufasa", "CircleOfLife", "GET", "/dir/index.html", CNONCE, 1)
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in answer
    assert "qop" not in answer
    assert "cnonce" not in answer


def test_the_best_of_what_is_offered_is_taken_and_the_unknown_left_out() -> None:
    offered = [
        'Basic realm="a, b", charset="UTF-8"',
        f"{QUESTION.format('MD5')}, {QUESTION.format('SHA-256')}",
        QUESTION.format("SHA-512-256"),
        "Negotiate",
    ]
    found = challenges(offered)
    assert [(one.scheme, one.parameters.get("algorithm")) for one in found] == [
        *(("digest", "SHA-256"), ("digest", "MD5"), ("basic", None))
    ]
    assert found[2].parameters["realm"] == "a, b"


def test_nothing_is_sent_before_the_server_has_asked() -> None:
    assert login().header("GET", "/") is None


def test_basic_says_user_and_password() -> None:
    one = login("us@er", "pass:wörd")
    assert one.learn(['Basic realm="x"'])
    assert one.header("GET", "/") == "Basic dXNAZXI6cGFzczp3w7ZyZA=="


def test_every_answer_has_a_number_and_a_new_question_begins_anew() -> None:
    one = login()
    assert one.learn([QUESTION.format("MD5")])
    answers = [one.header("GET", "/") or "" for _ in range(2)]
    assert [answer[-11:] for answer in answers] == ["nc=00000001", "nc=00000002"]
    assert one.learn([QUESTION.format("MD5") + ", stale=true"])
    assert (one.header("GET", "/") or "").endswith("nc=00000001")


def test_a_wrong_password_is_not_tried_twice() -> None:
    one = login()
    assert one.learn(['Basic realm="x"'])
    assert not one.learn(['Basic realm="x"'])
    assert not login().learn(["Bearer"])
    assert not login().learn([])


def test_no_password_is_in_what_a_debugger_prints() -> None:
    assert "geheim" not in repr(login())


@given(st.lists(st.text(alphabet='Bbasicdgest Digest ="\\,realmnoncqp-', max_size=80)))
def test_no_question_makes_it_stumble(headers: list[str]) -> None:
    for challenge in challenges(headers):
        assert isinstance(challenge, Challenge)
        one = login()
        one.challenge = challenge
        assert one.header("GET", "/")
