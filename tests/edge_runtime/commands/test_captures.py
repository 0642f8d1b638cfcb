import argparse
import json
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.captures.ring import Ring
from edge_runtime.commands import captures
from edge_runtime.console import guard
from tests.edge_runtime.captures.kept import keep, names
from tests.edge_runtime.samples import in_a_process
from tests.support import python


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser("captures")
    captures.configure(parser)
    parsed = parser.parse_args([*map(str, arguments)])
    return guard("edge-runtime", lambda: captures.run(parsed))


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    ring = Ring(tmp_path / "ring")
    for number in range(3):
        keep(ring, number)
    return ring


def test_the_list_shows_the_newest_first(ring: Ring, capsys: pytest.CaptureFixture[str]) -> None:
    ring.give_label(ring.list()[2].id, "bright")
    assert run("list", ring.directory) == 0
    out, err = capsys.readouterr()
    header, *rows = out.splitlines()
    assert header.split() == ["id", "captured", "source", "predicted", "score", "kept", "as", "label"]
    assert [row.split()[0] for row in rows] == [capture.id for capture in ring.list()]
    assert rows[2].split()[1:] == ["2027-01-15", "08:00:00", "camera:", "dark", "0.550", "uncertain", "bright"]
    assert err == "3 captures, 1 labelled\n"


def test_the_list_for_programs_has_an_object_a_line(ring: Ring, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", ring.directory, "--format", "json", "--limit", 2) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["id"] for one in told] == [capture.id for capture in ring.list()[:2]]
    assert told[0]["facts"]["model"]["bundle"] == "lamp"


def test_a_label_is_given_and_taken_back(ring: Ring, capsys: pytest.CaptureFixture[str]) -> None:
    id = ring.list()[0].id
    assert run("label", ring.directory, id, "bright") == 0
    assert ring.get(id).given == "bright"
    assert run("label", ring.directory, id, "--nothing") == 0
    assert ring.get(id).given is None
    assert capsys.readouterr().err == f"edge-runtime: {id}: 'bright'\nedge-runtime: {id}: without a label\n"


def test_a_label_that_nobody_knows_is_refused_with_the_one_that_may_be_meant(
    ring: Ring, capsys: pytest.CaptureFixture[str]
) -> None:
    id = ring.list()[0].id
    assert run("label", ring.directory, id, "brihgt") == 2
    assert capsys.readouterr().err == (
        "edge-runtime: error: label 'brihgt': not one of the model's; did you mean 'bright'?; --new takes a label that "
        "the model lacks, --bundle DIR all those that it has\n"
    )
    assert ring.get(id).given is None


def test_a_new_label_is_given_once_as_new_and_known_from_then_on(ring: Ring) -> None:
    first, second, _ = ring.list()
    assert run("label", ring.directory, first.id, "flickering") == 2
    assert run("label", ring.directory, first.id, "flickering", "--new") == 0
    assert run("label", ring.directory, second.id, "flickering") == 0
    assert ring.get(second.id).given == "flickering"


def test_a_bundle_knows_labels_that_no_capture_names(
    ring: Ring, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    id, label = ring.list()[0].id, bundle.manifest.spec.labels[-1]
    assert run("label", ring.directory, id, label) == 2
    assert run("label", ring.directory, id, label, "--bundle", bundle.directory) == 0
    assert ring.get(id).given == label
    capsys.readouterr()
    assert run("label", ring.directory, id, "brihgt", "--bundle", bundle.directory) == 2
    err = capsys.readouterr().err
    assert err.endswith("--new takes a label that the model lacks\n")
    assert label in err


def test_an_export_says_how_many_of_each_label(ring: Ring, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for capture, label in zip(ring.list(), ("Bag", "Ankle boot"), strict=False):
        ring.give_label(capture.id, label)
    assert run("export", ring.directory, "--out", tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [["Ankle", "boot", "1"], ["Bag", "1"]]
    assert "1 captures left out" in err
    assert f"python -m train prepare --dataset folder:{tmp_path}/out --out DATA\n" in err
    assert names(tmp_path / "out") == ["Ankle boot", "Bag"]


def test_an_export_of_predictions_warns(ring: Ring, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", ring.directory, "--out", tmp_path / "out", "--as-predicted") == 0
    err = capsys.readouterr().err
    assert "warning: 3 of them bear the label that was predicted" in err
    assert "one label alone cannot be trained with" in err


def test_captures_are_removed_by_name(ring: Ring) -> None:
    first, second, third = ring.list()
    assert run("remove", ring.directory, first.id, third.id) == 0
    assert ring.list() == [second]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "nowhere"], "nowhere: no such directory"),
        (["label", "ring", "../x", "Bag"], "'../x': not a capture's id"),
        (["label", "ring", "00000009-0123456789ab", "Bag"], "no capture '00000009-0123456789ab'"),
        (["label", "ring", "ID", ".hidden"], "its folder would be hidden"),
        (["export", "ring", "--out", "out"], "none of 3 captures is labelled"),
        (["remove", "ring", "00000009-0123456789ab"], "no capture '00000009-0123456789ab'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_2(
    arguments: list[str], message: str, ring: Ring, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"ID": ring.list()[0].id, "ring": ring.directory, "out": tmp_path / "out", "nowhere": tmp_path / "nowhere"}
    assert run(*(named.get(argument, argument) for argument in arguments)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("arguments", [[], ["label", "DIR", "ID"], ["export", "DIR"], ["remove", "DIR"]])
def test_what_is_not_whole_is_a_matter_of_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2


def test_it_is_one_of_the_programs_commands(ring: Ring) -> None:
    done = python("-m", "edge_runtime", "captures", "list", ring.directory, "--format", "json")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 3), done.stderr
    wrong = python("-m", "edge_runtime", "captures", "label", ring.directory, "../x", "Bag")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("edge-runtime: error: '../x': not a capture's id")


def test_looking_at_a_ring_needs_neither_numpy_nor_pillow() -> None:
    code = "import sys; from edge_runtime.captures.ring import Ring; Ring; print({'numpy', 'PIL'} & set(sys.modules))"
    assert in_a_process(code).stdout == "set()\n"
