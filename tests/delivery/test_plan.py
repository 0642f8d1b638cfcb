import re
from dataclasses import replace

import pytest

from tools.delivery import plan
from tools.delivery.deploy import SYSTEMD
from tools.delivery.errors import DeliveryError
from tools.delivery.plan import State, Wanted, check_space, deployed_unit, has_key, key_for, make_plan, settings
from tools.delivery.settings import value_of

PARTS = {"packages": "p1", "kits": "k1", "bundles": "b1"}
WANTED = Wanted(PARTS, "SOURCE=watch:/a\nOPTIONS=\n", "[Unit]\n")
EMPTY = State("", {}, "", frozenset(), "", "", 10**9, "inactive", healthy=False, health="")
DEPLOYED = State(
    release="3",
    current=PARTS,
    title="parts 1 (b1)",
    parts=frozenset(f"{kind}/{digest}" for kind, digest in PARTS.items()),
    conf=WANTED.conf,
    unit=WANTED.unit,
    free=10**9,
    active="active",
    healthy=True,
    health="alive",
)


def test_a_new_device_gets_every_part() -> None:
    assert make_plan(EMPTY, WANTED) == plan.Plan(("packages", "kits", "bundles"), ("the first release",))


def test_the_same_again_changes_nothing() -> None:
    assert make_plan(DEPLOYED, WANTED) == plan.Plan(())


def test_another_model_moves_the_bundle_alone() -> None:
    todo = make_plan(DEPLOYED, replace(WANTED, parts={**PARTS, "bundles": "b2"}))
    assert todo == plan.Plan(("bundles",), ("bundle b1 → b2",))


def test_a_bundle_that_is_there_from_before_is_not_sent_again() -> None:
    state = replace(DEPLOYED, parts=DEPLOYED.parts | {"bundles/b2"})
    todo = make_plan(state, replace(WANTED, parts={**PARTS, "bundles": "b2"}))
    assert todo.send == ()
    assert todo.changes == ("bundle b1 → b2",)


def test_a_bundle_that_is_damaged_there_is_moved_again() -> None:
    todo = make_plan(replace(DEPLOYED, parts=DEPLOYED.parts - {"bundles/b1"}), WANTED)
    assert todo == plan.Plan(("bundles",), ("bundle is damaged there",))


def test_another_source_moves_nothing() -> None:
    todo = make_plan(DEPLOYED, replace(WANTED, conf="SOURCE=watch:/b\nOPTIONS=\n"))
    assert todo == plan.Plan((), ("SOURCE 'watch:/a' → 'watch:/b'",))


def test_settings_and_unit_that_were_edited_on_the_device_are_seen() -> None:
    assert make_plan(replace(DEPLOYED, unit="[Unit]\nX=1\n"), WANTED).changes == ("unit file",)
    assert make_plan(replace(DEPLOYED, conf=WANTED.conf + "# x\n"), WANTED).changes == ("other settings",)


def test_what_is_not_asked_for_stays_as_the_device_has_it() -> None:
    state = replace(DEPLOYED, conf="# mine\nSOURCE=watch:/home/pi/in\nOPTIONS=--threads=2\nMINE=1\n")
    assert settings(state, "", None, None) == state.conf + f"BUNDLE={plan.CURRENT_BUNDLE}\n"
    assert "SOURCE=watch:/b\nOPTIONS=--threads=2\nMINE=1" in settings(state, "", "watch:/b", None)


def test_a_new_device_gets_the_settings_that_the_package_has() -> None:
    template = (SYSTEMD / "edge-runtime.conf").read_text()
    text = settings(EMPTY, template, None, None)
    assert "\nSOURCE=watch:/var/lib/edge-runtime/incoming\n" in text
    assert f"\nBUNDLE={plan.CURRENT_BUNDLE}\n" in text


@pytest.mark.parametrize(
    ("conf", "directory"),
    [
        ("SOURCE=watch:/srv/in\n", "/srv/in"),
        ('SOURCE="watch:/srv/my in?existing=1"\n', "/srv/my in"),
        ("SOURCE=watch:/srv/in?\n", "/srv/in?"),
        ("SOURCE=/dev/video0\n", None),
        ("SOURCE=rtsp://camera/1\n", None),
        ("", None),
    ],
)
def test_the_directory_that_is_to_be_watched_is_known_by_the_settings(conf: str, directory: str | None) -> None:
    assert plan.watched(conf) == directory


def test_the_unit_is_the_packages_but_for_where_the_program_is() -> None:
    packaged = (SYSTEMD / "edge-runtime.service").read_text()
    deployed = deployed_unit(packaged)
    assert f"ExecStart={plan.DEPLOYED} run" in deployed
    assert deployed.replace(plan.DEPLOYED, plan.PACKAGED) == packaged
    assert plan.PACKAGED not in deployed


def test_a_key_is_a_change_that_is_told_and_stays_until_it_is_taken_back() -> None:
    given = settings(DEPLOYED, "", None, None, "-----BEGIN")
    assert value_of(given, "KEY") == "--key /opt/edge-runtime/current/key.pub"
    wanted = replace(WANTED, conf=given, key=key_for(DEPLOYED, given, "-----BEGIN"))
    assert make_plan(DEPLOYED, wanted) == plan.Plan(
        (), ("KEY none → '--key /opt/edge-runtime/current/key.pub'", "public key none → 4d925b8ea5a5")
    )
    keyed = replace(DEPLOYED, conf=given, key="-----BEGIN")
    later = settings(keyed, "", None, "--threads 2")  # whatever else is asked for
    assert (has_key(later), key_for(keyed, later, None)) == (True, "-----BEGIN")
    other = replace(wanted, key=key_for(keyed, given, "another"))
    assert make_plan(keyed, other).changes == ("public key 4d925b8ea5a5 → ae448ac86c4e",)
    back = settings(keyed, "", None, None, "")
    assert (has_key(back), key_for(keyed, back, "")) == (False, "")


@pytest.mark.parametrize(
    ("conf", "answer"),
    [
        ("OPTIONS=--threads=2\n", False),
        ('# KEY="--key /etc/our.pub"\nKEY=\n', False),
        ('KEY="--key /etc/our.pub"\n', True),
        ('OPTIONS="--threads 2 --key=/etc/our.pub"\n', True),
    ],
)
def test_a_key_may_stand_in_either_variable(conf: str, answer: bool) -> None:
    assert has_key(conf) is answer


def test_a_key_that_was_taken_out_by_hand_does_not_come_back_by_itself() -> None:
    state = replace(DEPLOYED, conf=WANTED.conf + "KEY=\n", key="-----BEGIN")
    assert key_for(state, settings(state, "", None, None), None) == ""


def test_the_service_is_given_the_key_that_the_settings_name() -> None:
    unit = (SYSTEMD / "edge-runtime.service").read_text()
    assert re.search(r"^ExecStart=.* run .* \$KEY \$OPTIONS$", unit, re.MULTILINE)
    assert value_of((SYSTEMD / "edge-runtime.conf").read_text(), "KEY") == ""


def test_a_disk_that_is_too_full_is_told_before_anything_is_sent() -> None:
    check_space(DEPLOYED, 10**9)
    with pytest.raises(DeliveryError, match="30 MB free, 150 MB are wanted; make room"):
        check_space(replace(DEPLOYED, free=30_000_000), 150_000_000)


def test_a_signature_alone_is_a_change_that_is_told() -> None:
    one, other = f"{'b' * 64}-{'1' * 12}", f"{'b' * 64}-{'2' * 12}"
    unsigned = replace(DEPLOYED, current={**PARTS, "bundles": "b" * 64})
    todo = make_plan(unsigned, replace(WANTED, parts={**PARTS, "bundles": one}))
    assert todo == plan.Plan(("bundles",), ("bundle bbbbbbbbbbbb with another signature",))
    signed = replace(DEPLOYED, current={**PARTS, "bundles": one})
    assert make_plan(signed, replace(WANTED, parts={**PARTS, "bundles": other})).changes == todo.changes
    back = make_plan(signed, replace(WANTED, parts={**PARTS, "bundles": "b" * 64}))
    assert back.changes == ("bundle bbbbbbbbbbbb with no signature",)
