"""What happens to a run over months: models that crash, bundles that come and go, configurations that change."""

import json
import platform
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge_runtime import heartbeat
from edge_runtime.bundle.golden import FILE_NAME as GOLDEN
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from tests.edge_runtime.commands.running import health, running, started
from tests.edge_runtime.samples import DEADLINE, eventually, save
from tests.support import python


def copy(bundle: Bundle, target: Path, version: str, **changed: bytes) -> Bundle:
    """Writes the bundle again, as another version and with other files (named with - for / and _ for .)."""
    contents = {
        path: changed.get(Path(path).name.replace(".", "_"), bundle.file(path).read_bytes())
        for path in bundle.manifest.files
    }
    return write_bundle(target, replace(bundle.manifest, version=version, files={}), contents)


def turn(link: Path, to: Path) -> None:
    """Makes a link lead elsewhere in one step, as a deploy does."""
    fresh = link.with_name("fresh")
    fresh.symlink_to(to)
    fresh.replace(link)


def crashing(labels: int) -> bytes:
    """An ONNX model whose interpreter divides -2**31 by -1, for which x86 processors have no answer but a signal."""
    whole, none = TensorProto.INT32, [0.0] * labels
    nodes = [
        helper.make_node("Cast", ["pixels"], ["whole"], to=whole),
        helper.make_node("ReduceSum", ["whole", "axes"], ["sum"], keepdims=0),
        helper.make_node("Sub", ["sum", "sum"], ["zero"]),  # known only when it runs
        helper.make_node("Add", ["zero", "least"], ["dividend"]),
        helper.make_node("Add", ["zero", "minus"], ["divisor"]),
        helper.make_node("Div", ["dividend", "divisor"], ["quotient"]),
        helper.make_node("Cast", ["quotient"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "none"], ["scores"]),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3]),
        helper.make_tensor("least", whole, [1], [-(2**31)]),
        helper.make_tensor("minus", whole, [1], [-1]),
        helper.make_tensor("none", TensorProto.FLOAT, [1, labels], none),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, 28, 28, 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, labels])
    graph = helper.make_graph(nodes, "crash", [pixels], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


@pytest.fixture
def crashes(bundle: Bundle, tmp_path: Path) -> Bundle:
    """A bundle whose int8.onnx crashes its interpreter."""
    return copy(bundle, tmp_path / "crashes", "crash", int8_onnx=crashing(len(bundle.manifest.spec.labels)))


on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have an answer to -2**31 / -1")


@on_x86
def test_a_variant_that_crashes_its_interpreter_is_held_back_and_auto_takes_another(
    crashes: Bundle, inbox: Path, tmp_path: Path
) -> None:
    with started(crashes, tmp_path / "beat.json", f"watch:{inbox}") as process:
        eventually((tmp_path / "beat.json").exists, "it judges")
        save(inbox / "1.png")
        assert process.stdout
        line = json.loads(process.stdout.readline())
        process.terminate()
        _, told = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0
    assert line["variant"] != "int8.onnx"
    assert told.count("int8.onnx crashed its process (SIGFPE); starting again in") == 2
    assert told.count("int8.onnx crashed its process 3 times (SIGFPE); it is held back") == 1


@on_x86
def test_when_nothing_else_is_allowed_it_waits_for_another_bundle(
    crashes: Bundle, bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    link, beat = tmp_path / "bundle", tmp_path / "beat.json"
    link.symlink_to(crashes.directory)
    with started(replace(crashes, directory=link), beat, f"watch:{inbox}", "--variant", "int8.onnx") as process:
        assert process.stderr
        while "waiting for another bundle" not in process.stderr.readline():
            assert process.poll() is None
        assert health(beat).returncode == 1
        turn(link, bundle.directory)
        process.send_signal(signal.SIGHUP)
        eventually(beat.exists, "it judges")
        assert bundle.digest[:12] in heartbeat.read(beat).model
        process.terminate()
        process.stderr.read()
        assert process.wait(DEADLINE) == 0


@pytest.fixture
def followed(bundle: Bundle, inbox: Path, tmp_path: Path) -> Iterator[tuple[Path, Path, "subprocess.Popen[str]"]]:
    """A run whose bundle is a link: the link, the heartbeat and the process."""
    link, beat = tmp_path / "bundle", tmp_path / "beat.json"
    link.symlink_to(bundle.directory)
    with running(replace(bundle, directory=link), beat, f"watch:{inbox}") as process:
        yield link, beat, process
        process.kill()


def test_a_new_bundle_takes_over_without_an_end_and_a_bad_one_never_does(
    followed: tuple[Path, Path, "subprocess.Popen[str]"], bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    link, beat, process = followed
    assert process.stdout
    assert process.stderr
    pid = heartbeat.read(beat).pid
    # Golden samples that no model agrees with: as if this machine judged otherwise.
    golden = json.loads(bundle.file(GOLDEN).read_bytes())
    for sample in golden["samples"]:
        sample["scores"] = {name: scores[::-1] for name, scores in sample["scores"].items()}
    bad = copy(bundle, tmp_path / "bad", "bad", **{Path(GOLDEN).name.replace(".", "_"): json.dumps(golden).encode()})
    turn(link, bad.directory)
    process.send_signal(signal.SIGHUP)
    assert "the new bundle does not take over: " in process.stderr.readline()
    good = copy(bundle, tmp_path / "good", "2.0")
    turn(link, good.directory)
    process.send_signal(signal.SIGHUP)
    assert process.stderr.readline().endswith("full_int8.tflite takes over\n")
    save(inbox / "1.png")
    line = json.loads(process.stdout.readline())
    assert (line["version"], line["digest"]) == ("2.0", good.digest[:12])
    eventually(lambda: good.digest[:12] in heartbeat.read(beat).model, "the heartbeat names it")
    assert heartbeat.read(beat).pid == pid


def test_a_bundle_that_is_deleted_while_it_runs_goes_on_judging(
    followed: tuple[Path, Path, "subprocess.Popen[str]"], bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    link, _, process = followed
    assert process.stdout
    assert process.stderr
    own = copy(bundle, tmp_path / "own", "own")
    turn(link, own.directory)
    process.send_signal(signal.SIGHUP)
    assert "takes over" in process.stderr.readline()
    shutil.rmtree(own.directory)
    process.send_signal(signal.SIGHUP)
    assert "the bundle is gone; judging goes on with what is loaded" in process.stderr.readline()
    save(inbox / "1.png")
    assert json.loads(process.stdout.readline())["version"] == "own"


def test_a_configuration_is_read_anew_on_sighup_and_a_wrong_one_is_not_taken(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    config, beat = tmp_path / "edge.toml", tmp_path / "beat.json"

    def write(top: str) -> None:
        config.write_text(
            f'bundle = "{bundle.directory}"\nvariant = "full_int8.tflite"\nheartbeat = "{beat}"\ntop = {top}\n'
            f'[[source]]\naddress = "watch:{inbox}"\nname = "desk"\n'
        )

    write("1")
    with started(None, beat, "", "--config", str(config)) as process:
        assert process.stdout
        assert process.stderr
        assert "; desk; Ctrl-C ends" in process.stderr.readline()
        eventually(beat.exists, "it judges")
        first = heartbeat.read(beat).pid
        write('"many"')
        process.send_signal(signal.SIGHUP)
        told = process.stderr.readline()
        assert f'the new configuration is not taken: {config}: top: a whole number expected, "many" found' in told
        write("2")
        process.send_signal(signal.SIGHUP)
        told = process.stderr.readline()
        assert told.startswith("edge-runtime: the configuration has changed: begins anew with it; until here 0 pred")
        assert "; desk; Ctrl-C ends" in process.stderr.readline()
        eventually(lambda: beat.exists() and heartbeat.read(beat).pid != first, "another child judges")
        save(inbox / "1.png")
        line = json.loads(process.stdout.readline())
        assert len(line["best"]) == 2
        assert line["source"] == "desk"
        process.terminate()
        _, told = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0
        assert told == "edge-runtime: ended; 1 predictions, 0 rejected, 0 dropped\n"


def test_a_configuration_read_anew_is_no_end_to_systemd(
    bundle: Bundle, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says STOPPING=1 and is there TimeoutStopSec later is killed."""
    config, place = tmp_path / "edge.toml", tmp_path / "notify"
    base = (
        f'bundle = "{bundle.directory}"\nvariant = "full_int8.tflite"\nheartbeat = "{tmp_path}/beat.json"\n'
        f'[[source]]\naddress = "watch:{inbox}"\n'
    )
    config.write_text(base)
    monkeypatch.setenv("NOTIFY_SOCKET", str(place))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(DEADLINE)

        def until(words: str) -> list[str]:
            heard = [manager.recv(1000).decode()]
            while words not in heard[-1]:
                heard.append(manager.recv(1000).decode())
            return heard

        with started(None, tmp_path / "beat.json", "", "--config", str(config)) as process:
            until("READY=1")
            config.write_text(f"top = 2\n{base}")
            process.send_signal(signal.SIGHUP)
            assert not [words for words in until("READY=1") if "STOPPING" in words]
            config.write_text(f'sinks = ["jsonl:{tmp_path}"]\n{base}')  # cannot begin
            process.send_signal(signal.SIGHUP)
            assert not [words for words in until("READY=1") if "STOPPING" in words]
            process.terminate()
            until("STOPPING=1")
            process.communicate(timeout=DEADLINE)


def test_a_configuration_that_cannot_begin_gives_way_to_the_one_before(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    config, beat = tmp_path / "edge.toml", tmp_path / "beat.json"
    good = (
        f'bundle = "{bundle.directory}"\nvariant = "full_int8.tflite"\nheartbeat = "{beat}"\n'
        f'[[source]]\naddress = "watch:{inbox}"\n'
    )
    config.write_text(good)
    with started(None, beat, "", "--config", str(config)) as process:
        assert process.stdout
        assert process.stderr
        eventually(beat.exists, "it judges")
        first = heartbeat.read(beat).pid
        config.write_text(good + f'[[source]]\naddress = "{tmp_path}/nowhere.png"\n')
        process.send_signal(signal.SIGHUP)
        while "going on with the former one" not in process.stderr.readline():
            assert process.poll() is None
        eventually(lambda: beat.exists() and heartbeat.read(beat).pid != first, "another child judges")
        save(inbox / "1.png")
        assert json.loads(process.stdout.readline())["type"] == "prediction"
        process.terminate()
        process.communicate(timeout=DEADLINE)
        assert process.returncode == 0


def test_check_says_whether_it_could_begin_and_begins_nothing(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    arguments = ("--bundle", bundle.directory, "--source", f"watch:{inbox}", "--sink", f"sqlite:{tmp_path}/x.db")
    good = python("-m", "edge_runtime", "run", *arguments, "--http", "http://127.0.0.1:0", "--check")
    assert good.returncode == 0, good.stderr
    assert "judges here as at export" in good.stdout
    assert f"source   watch:{inbox}\n" in good.stdout
    assert f"sink     sqlite:{tmp_path}/x.db" in good.stdout
    assert "sink     http://127.0.0.1:" in good.stdout
    assert not (tmp_path / "x.db").exists()
    bad = python("-m", "edge_runtime", "run", *arguments, "--sink", "sqlit:x", "--check")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "did you mean" in bad.stderr


def test_check_names_every_source_and_sink_that_could_not_begin(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = python(
            *("-m", "edge_runtime", "run", "--bundle", bundle.directory, "--source", f"watch:{inbox}", "--check"),
            *("--source", f"watch:{tmp_path}/nowhere", "--sink", f"jsonl:{tmp_path}", "--sink", "pictures:/proc/x"),
            *("--http", f"http://127.0.0.1:{taken.getsockname()[1]}"),
        )
    assert done.returncode == 1
    missing = "cannot be read: No such file or directory; run waits for it"
    assert f"watch:{tmp_path}/nowhere  NOT THERE: {missing}" in done.stdout
    assert f"jsonl:{tmp_path}  BAD: cannot be written: it is a directory" in done.stdout
    assert "BAD: cannot listen there: Address already in use" in done.stdout
    assert f"watch:{inbox}\n" in done.stdout
    assert done.stderr.endswith(" of the above cannot be used now\n")


def test_check_does_not_try_what_may_come_later_and_says_so(bundle: Bundle, inbox: Path) -> None:
    done = python(
        *("-m", "edge_runtime", "run", "--bundle", bundle.directory, "--check", "--source", "/dev/video77"),
        *("--source", "http://127.0.0.1:1/x", "--source", f"watch:{inbox}"),
        *("--sink", "mqtt://127.0.0.1:1/x", "--sink", "webhook+http://127.0.0.1:1/x", "--sink", "jsonl:-"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        "source   /dev/video77  not tried",
        "source   http://127.0.0.1:1/x  not tried",
        f"source   watch:{inbox}",
        "sink     mqtt://127.0.0.1:1/x  not tried",
        "sink     webhook+http://127.0.0.1:1/***  not tried",
        "sink     jsonl:-",
    ]


def test_what_is_given_beside_a_configuration_goes_first(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    config.write_text('bundle = "/nowhere"\nsinks = ["jsonl:-"]\n')
    done = python(
        *("-m", "edge_runtime", "run", "--config", config, "--bundle", bundle.directory),
        *("--source", f"watch:{inbox}", "--check"),
    )
    assert done.returncode == 0, done.stderr
    alone = python("-m", "edge_runtime", "run", "--config", config, "--check")
    assert alone.returncode == 2
    assert "no source; say --source ADDRESS" in alone.stderr


def test_sources_and_numbers_that_are_written_otherwise_are_told_with_how_they_are_written(tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    for text, sentence in (
        ('[source]\naddress = "0"', "source: [source] with single brackets found; each source is a table of its own"),
        ('[[source]]\naddress = "0"\n[events.smoothing]\nhold = "2s"', 'hold: a number expected, "2s" found'),
        ("[[source]]\nname = 5", "source[0]: 'address' is missing"),
    ):
        config.write_text(f'bundle = "b"\n{text}\n')
        done = python("-m", "edge_runtime", "run", "--config", config)
        assert done.returncode == 2
        assert done.stderr.startswith(f"edge-runtime: error: {config}: ")
        assert sentence in done.stderr


def test_any_motion_at_all_may_be_asked_for(bundle: Bundle) -> None:
    arguments = ("--bundle", bundle.directory, "--source", "/dev/video77", "--motion", "0")
    assert python("-m", "edge_runtime", "run", *arguments, "--check").returncode == 0


def test_without_a_bundle_the_sentence_says_what_is_missing() -> None:
    done = python("-m", "edge_runtime", "run", "--source", "0")
    assert done.returncode == 2
    assert "--bundle DIR is missing" in done.stderr


def test_a_run_that_ends_by_itself_says_by_its_exit_code_that_results_were_lost(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = taken.getsockname()[1]
    done = python(
        *("-m", "edge_runtime", "run", "--bundle", bundle.directory, "--source", pictures),
        *("--heartbeat", tmp_path / "beat.json"),
        *("--sink", f"jsonl:{tmp_path}/all.jsonl", "--sink", f"webhook+http://127.0.0.1:{refused}/x#what=predictions"),
    )
    count = len((tmp_path / "all.jsonl").read_text().splitlines())
    assert done.returncode == 3
    assert done.stderr.endswith(f": {count} results lost\n"), done.stderr


def test_a_run_does_not_begin_where_captures_could_not_be_kept(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    done = python(
        *("-m", "edge_runtime", "run", "--bundle", bundle.directory, "--source", f"watch:{inbox}"),
        *("--heartbeat", tmp_path / "beat.json", "--sink", f"captures:{tmp_path}/none/kept"),
    )
    assert done.returncode == 1
    assert f"there is no directory {tmp_path}/none" in done.stderr
