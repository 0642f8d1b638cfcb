"""What the image for devices holds, and what it does not."""

import gzip
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from edge_runtime.bundle.store import Bundle
from tests.containers.conftest import Containers
from tools.containers import images
from tools.containers.images import Image

pytestmark = pytest.mark.container
MEGABYTE = 1_000_000
# What a device must not carry: programs, and packages and secrets anywhere.
UNWANTED = re.compile(
    r"(^|/)s?bin/((ba|da|z|c|k)?sh|busybox|apt(-get)?|dpkg(-.*)?|perl|gcc|g\+\+|cc|c\+\+|clang|cpp|as|ld(\..*)?|make|cmake)$"
    r"|(^|/)(pip[0-9.]*|pip-.*|setuptools(-.*)?|ensurepip|wheel(-.*)?|tensorflow.*|keras|jax|train|export|pytest)$"
    r"|(^|/)(pip\.conf|\.netrc|\.git|sources\.list|.*\.sources|id_rsa|.*\.pem|.*\.key)$"
)


@pytest.fixture(scope="module")
def edge(built: Callable[[Image], str]) -> str:
    return built(images.edge())


@pytest.fixture(scope="module")
def files(containers: Containers, edge: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Every path in the image, with its size."""
    return listing(containers, edge, tmp_path_factory.mktemp("image") / "files.tar")


def listing(containers: Containers, reference: str, archive: Path) -> dict[str, int]:
    container = containers.engine.ask("create", reference).stdout.strip()
    try:
        with archive.open("wb") as target:
            subprocess.run(containers.engine.command("export", container), stdout=target, check=True)
        with tarfile.open(archive) as tar:
            return {member.name: member.size for member in tar}
    finally:
        containers.remove(container)
        archive.unlink()


def test_it_holds_no_shell_no_package_manager_no_compiler_no_framework_and_no_secret(files: dict[str, int]) -> None:
    assert [path for path in files if UNWANTED.search(path)] == []
    assert "opt/edge-runtime/kit/edge_runtime/__init__.py" in files  # the listing is of the right thing
    assert "usr/bin/tini" in files


def test_the_search_for_what_is_unwanted_would_find_it() -> None:
    wanted = ("usr/bin/tini", "usr/bin/python3.11", "usr/lib/python3.11/wave.py", "opt/edge-runtime/bin/edge-runtime")
    assert not [path for path in wanted if UNWANTED.search(path)]
    unwanted = (
        "bin/sh",
        "usr/bin/gcc",
        "opt/lib/tensorflow_cpu",
        "usr/bin/pip3",
        "opt/lib/pip-23.0.dist-info",
        "a.pem",
    )
    assert all(UNWANTED.search(path) for path in unwanted)


def test_it_holds_no_temporary_file_and_no_cache(files: dict[str, int]) -> None:
    assert [path for path in files if path.startswith(("tmp/", "var/tmp/", "var/cache/", "var/lib/apt", "root/"))] == []


def test_nothing_in_it_can_be_changed_by_who_runs_it(containers: Containers, edge: str, tmp_path: Path) -> None:
    container = containers.engine.ask("create", edge).stdout.strip()
    try:
        archive = tmp_path / "files.tar"
        with archive.open("wb") as target:
            subprocess.run(containers.engine.command("export", container), stdout=target, check=True)
        with tarfile.open(archive) as tar:
            members = [member for member in tar if not member.issym()]
    finally:
        containers.remove(container)
    engines_own = ("dev", "etc/hostname", "etc/hosts", "etc/resolv.conf", "etc/mtab", ".dockerenv")
    ours = [member for member in members if not member.name.startswith(engines_own)]
    assert {member.uid for member in ours} == {0}
    assert [member.name for member in ours if member.mode & 0o022 and member.name != "tmp"] == []
    assert [member.name for member in ours if member.mode & 0o6000] == []  # nothing gives its owner's rights away


@pytest.mark.parametrize(
    ("image", "limit"),
    [
        pytest.param(images.edge(), 60, id="amd64"),
        pytest.param(images.edge("linux/arm64"), 60, id="arm64"),
        pytest.param(images.edge(camera=True), 110, id="amd64-camera"),
        pytest.param(images.edge("linux/arm64", camera=True), 110, id="arm64-camera"),
    ],
)
def test_it_is_small_on_the_wire(
    image: Image, limit: int, containers: Containers, built: Callable[[Image], str], tmp_path: Path
) -> None:
    reference = built(image)
    size = 0
    with (tmp_path / "image.tar").open("wb") as target:
        subprocess.run(containers.engine.command("save", reference), stdout=target, check=True)
    with tarfile.open(tmp_path / "image.tar") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                size += len(gzip.compress(content.read(), compresslevel=6))  # as registries store layers
    print(f"{reference}: {size / MEGABYTE:.1f} MB compressed")
    assert size <= limit * MEGABYTE


def test_its_labels_and_history_say_what_it_is_and_name_no_host(containers: Containers, edge: str) -> None:
    labels = json.loads(containers.inspect(edge, "{{json .Config.Labels}}"))
    assert labels["org.opencontainers.image.version"] == images.version()
    assert labels["org.opencontainers.image.revision"] == images.revision(images.edge())
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    history = containers.engine.ask("history", "--no-trunc", "--format", "{{.CreatedBy}}", edge).stdout
    assert "COPY" in history
    assert "://" not in history
    assert not re.search(
        r"^RUN|/bin/sh", history, re.MULTILINE
    )  # nothing ran in what is shipped, so nothing it was given is left in it
    environment = containers.inspect(edge, "{{json .Config.Env}}")
    assert "://" not in environment
    assert containers.inspect(edge, "{{.Config.User}}") == "65532:65532"


@pytest.fixture
def copied(containers: Containers, tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    made = []

    def copy(reference: str, path: str) -> Path:
        container = containers.engine.ask("create", reference).stdout.strip()
        made.append(container)
        answer = containers.engine.ask("cp", f"{container}:{path}", str(tmp_path))
        assert answer.returncode == 0, answer.stderr
        return tmp_path / Path(path).name

    yield copy
    for container in made:
        containers.remove(container)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(images.edge(), {"ai-edge-litert", "numpy", "pillow", "edge-runtime", "libc6", "tini"}, id="edge"),
        pytest.param(images.train("cpu", "tensorflow"), {"keras", "tensorflow-cpu", "python3.11"}, id="train"),
        pytest.param(images.export(), {"keras", "onnxruntime", "tf2onnx", "bash"}, id="export"),
    ],
)
def test_its_bill_of_materials_is_valid_and_complete(
    image: Image, expected: set[str], built: Callable[[Image], str], copied: Callable[[str, str], Path]
) -> None:
    text = copied(built(image), f"/usr/share/sbom/{image.name}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = json.loads(text)["components"]
    assert expected <= {component["name"].lower().replace("_", "-") for component in components}
    assert all(component["version"] and component["purl"] for component in components)


def test_a_new_model_needs_no_new_image_and_a_new_kit_moves_only_its_own_layer(
    containers: Containers, edge: str, tmp_path: Path
) -> None:
    assert not any("bundle" in name for name in images.edge().inputs if "edge_runtime" not in name)
    layers = containers.engine.ask("history", "--format", "{{.Size}} {{.CreatedBy}}", "--human=false", edge).stdout
    sizes = [int(line.split()[0]) for line in layers.splitlines() if "COPY" in line]
    system, packages, *kit = reversed(sizes)
    assert sum(kit) < 3 * MEGABYTE < packages + system


def test_its_doctor_proposes_another_image_and_no_pip(containers: Containers, edge: str) -> None:
    answer = containers.engine.ask("run", "--rm", "--read-only", edge, "doctor")
    assert answer.returncode == 0, answer.stderr
    assert "another image, made with --camera" in answer.stdout
    assert "pip install" not in answer.stdout


def test_its_variants_can_be_measured_in_processes_of_their_own(
    containers: Containers, edge: str, bundle: Bundle
) -> None:
    # The launcher alone knows where the kit and its packages are; a child has to be told.
    mount = ("--rm", "--read-only", "--volume", f"{bundle.directory}:/bundle:ro")
    short = ("--seconds", "0", "--queries", "3", "--variant", "full_int8", "--threads", "1")
    answer = containers.engine.ask("run", *mount, edge, "benchmark", "/bundle", *short)
    assert answer.returncode == 0, answer.stderr
    assert "not measured" not in answer.stdout
