import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_runtime.commands.main import build_parser
from export.__main__ import build_parser as export_parser
from tests.support import ROOT
from tools.containers import images
from tools.containers.images import Image
from train.__main__ import parser as train_parser

Service = dict[str, Any]

FILE = ROOT / "docker" / "compose.yaml"
EVERY: dict[str, Service] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
BROKER = "broker"  # not of the kit
SERVICES = {name: service for name, service in EVERY.items() if name != BROKER}
PROFILES = {
    "train": ["prepare", "fit", "evaluate"],
    "train-cpu": ["prepare-cpu", "fit-cpu", "evaluate-cpu"],
    "export": ["export"],
    "edge": ["edge"],
    "page": ["page"],
    "camera": ["camera"],
}
IMAGES = {
    "train": images.train("gpu", "tensorflow"),
    "train-cpu": images.train("cpu", "tensorflow"),
    "export": images.export(),
    "edge": images.edge(),
    "page": images.edge(),
    "camera": images.edge(camera=True),
}
ON_THE_DEVICE = ("edge", "page", "camera")
VARIABLE = re.compile(r"\$\{(\w+):-(.*?)\}")

each_service = pytest.mark.parametrize("name", SERVICES)


def filled(text: str, **environment: str) -> str:
    """A text as Compose reads it when the environment says no more than this."""
    return VARIABLE.sub(lambda found: environment.get(found[1], found[2]), text)


def arguments_of(name: str, **environment: str) -> list[str]:
    command = SERVICES[name]["command"]
    if isinstance(command, str):
        return shlex.split(filled(command, **environment))
    return [filled(word, **environment) for word in command]


def parsed(name: str, arguments: list[str]) -> Any:
    """The arguments as the program in the image reads them; SystemExit when it would refuse them."""
    if name == "export":
        return export_parser().parse_args(arguments)
    if name in ON_THE_DEVICE:
        return build_parser(arguments).parse_args(arguments[1:])
    return train_parser().parse_args(arguments)


def image_of(name: str) -> Image:
    (profile,) = (profile for profile, services in PROFILES.items() if name in services)
    return IMAGES[profile]


def test_every_service_is_in_the_profile_that_starts_it() -> None:
    assert {name: service["profiles"] for name, service in SERVICES.items()} == {
        name: [profile] for profile, names in PROFILES.items() for name in names
    }


def test_every_variable_is_explained_and_every_explained_variable_is_there() -> None:
    text = FILE.read_text("utf-8")
    explained = re.findall(r"^#   (EDGE_\w+) +\w", text, flags=re.MULTILINE)
    assert sorted(explained) == sorted({found[0] for found in VARIABLE.findall(text)})


@each_service
def test_an_image_is_the_one_that_the_kit_builds_in_this_version(name: str) -> None:
    service, image = SERVICES[name], image_of(name)
    assert filled(service["image"]) == image.reference
    assert service["image"].startswith("${EDGE_REGISTRY:-}")
    build = service["build"]
    assert (FILE.parent / build["context"]).resolve() == ROOT
    assert build["dockerfile"] == image.dockerfile
    assert build.get("target", "") == image.target
    dockerfile = (ROOT / image.dockerfile).read_text("utf-8")
    by_itself = dict(re.findall(r"^ARG (\w+)=(.*)$", dockerfile, flags=re.MULTILINE))
    for argument, value in (*image.arguments, ("VERSION", images.version())):
        assert filled(build["args"].get(argument, by_itself[argument])) == value, argument


@each_service
def test_every_argument_is_one_that_the_program_takes(name: str) -> None:
    parsed(name, arguments_of(name))
    with pytest.raises(SystemExit):
        parsed(name, [*arguments_of(name), "--no-such-flag"])


@pytest.mark.parametrize("suffix", ["", "-cpu"])
def test_a_name_with_spaces_goes_through_all_steps(suffix: str) -> None:
    said = {"EDGE_NAME": "my parts", "EDGE_DATASET": "folder:/pictures/my parts", "EDGE_FIT": "--epochs 20"}
    steps = [f"prepare{suffix}", f"fit{suffix}", f"evaluate{suffix}", "export", "edge"]
    prepare, fit, evaluate, export, edge = (
        parsed(name.removesuffix("-cpu"), arguments_of(name, **said)) for name in steps
    )
    assert prepare.dataset == said["EDGE_DATASET"]
    assert prepare.out == fit.data == export.data == Path("data/my parts")
    assert prepare.keep_for == [fit.directory]
    assert fit.directory == evaluate.directory == export.run == Path("runs/my parts")
    assert export.out == Path(edge.bundle) == Path("bundles/my parts")
    assert fit.epochs == 20
    assert fit.device == ("cpu" if suffix else None)


@pytest.mark.parametrize("suffix", ["", "-cpu"])
def test_a_step_begins_when_the_one_before_it_has_succeeded(suffix: str) -> None:
    for before, after in (("prepare", "fit"), ("fit", "evaluate")):
        wanted = {before + suffix: {"condition": "service_completed_successfully"}}
        assert SERVICES[after + suffix]["depends_on"] == wanted


@each_service
def test_only_what_trains_on_the_gpu_reserves_one(name: str) -> None:
    devices = SERVICES[name].get("deploy", {}).get("resources", {}).get("reservations", {}).get("devices", [])
    assert devices == ([{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}] if name == "fit" else [])


@each_service
def test_what_training_fetches_outlives_the_container(name: str) -> None:
    service = SERVICES[name]
    found = service.get("environment", {})
    assert set(found) == ({"XDG_CACHE_HOME", "KERAS_HOME"} if "train" in service["profiles"][0] else set())
    written = [Path(volume["target"]) for volume in service["volumes"] if not volume.get("read_only")]
    for place in found.values():
        assert any(Path(place).is_relative_to(target) for target in written), place


@each_service
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", filled(service["user"]))
    assert not service.keys() & {"privileged", "cap_add", "pid", "ipc", "init"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for volume in service["volumes"]:
        assert volume["type"] == "bind"
        own = volume["target"] in ("/work/data", "/work/runs", "/work/bundles")
        assert volume.get("read_only", False) is (name in ON_THE_DEVICE or not own), volume["target"]


@pytest.mark.parametrize("name", ON_THE_DEVICE)
def test_what_runs_on_a_device_lasts_and_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service.get("network_mode") == (None if name == "page" else "none")
    assert service["pids_limit"] <= 128
    assert service["mem_limit"] in ("256m", "512m")
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "5m", "max-file": "3"}}
    assert "healthcheck" not in service  # the image's own ends what hangs, so that it is started again


def test_the_page_is_where_its_port_is_and_tells_a_broker_where_one_is_named() -> None:
    page = parsed("page", arguments_of("page", EDGE_SINK="mqtt://broker/edge"))
    assert page.http == "http://0.0.0.0:8080"
    assert page.sinks == ["mqtt://broker/edge"]
    assert [filled(port) for port in SERVICES["page"]["ports"]] == ["127.0.0.1:8080:8080"]
    assert not EVERY[BROKER].keys() & {"ports", "privileged", "cap_add"}
    assert EVERY[BROKER]["profiles"] == [BROKER]


def test_a_camera_is_the_device_and_its_group() -> None:
    camera = SERVICES["camera"]
    (device,) = camera["devices"]
    said = {"EDGE_CAMERA": "/dev/video2"}
    assert filled(device, **said).split(":") == ["/dev/video2", *parsed("camera", arguments_of("camera")).sources]
    assert [filled(group) for group in camera["group_add"]] == ["44"]


def compose() -> list[str]:
    """Compose as it is on this machine: Debian's docker-compose, or docker's plugin. Raises where there is neither."""
    if program := shutil.which("docker-compose"):
        return [program]
    if (docker := shutil.which("docker")) and not subprocess.run([docker, "compose", "version"]).returncode:
        return [docker, "compose"]
    raise AssertionError("neither docker-compose nor docker's plugin compose is here: sudo apt install docker-compose")


@pytest.mark.container
@pytest.mark.parametrize("profile", PROFILES)
def test_compose_accepts_every_profile(profile: str) -> None:
    command = [*compose(), "--file", str(FILE), "--profile", profile, "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(PROFILES[profile]) <= services.keys()
    for name in PROFILES[profile]:
        assert services[name]["image"] == image_of(name).reference
        assert services[name]["read_only"] is True
        sources = {volume["target"]: volume["source"] for volume in services[name]["volumes"]}
        assert sources["/work/bundles"] == str(ROOT / "bundles")


@pytest.mark.container
def test_compose_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(FILE.read_text("utf-8").replace("read_only: true\n", "read_onyl: true\n", 1), "utf-8")
    command = [*compose(), "--file", str(wrong), "--profile", "edge", "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "read_onyl" in done.stderr
