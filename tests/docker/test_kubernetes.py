import copy
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has annotations and no py.typed
import pytest
import yaml

from edge_runtime.commands.main import build_parser
from edge_runtime.errors import IncompleteError, UsageError
from edge_runtime.sources.open import open_source
from export.__main__ import build_parser as export_parser
from tests.support import ROOT
from tools.containers import images, suite
from train.__main__ import parser as train_parser

Document = dict[str, Any]

HERE = ROOT / "docker" / "kubernetes"
# The oldest that has all fields in use, one between, the newest whose schemas there are.
VERSIONS = ("1.29", "1.32", kubernetes_validate.latest_version())
IMAGE_VOLUMES = ("1.35", kubernetes_validate.latest_version())  # from here on they are not switched off
REFERENCES = {
    "edge-train": images.train("gpu", "tensorflow").reference,
    "edge-train-cpu": images.train("cpu", "tensorflow").reference,
    "edge-train-jax": images.train("gpu", "jax").reference,
    "edge-export": images.export().reference,
    "edge-runtime": images.edge().reference,
    "edge-runtime-camera": images.edge(camera=True).reference,
}


def read(path: Path) -> list[Document]:
    return [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document]


FOLDERS = sorted(path.parent for path in HERE.rglob("kustomization.yaml"))
COMPONENTS = [folder for folder in FOLDERS if read(folder / "kustomization.yaml")[0]["kind"] == "Component"]
APPLIED = [folder for folder in FOLDERS if folder not in COMPONENTS]
MANIFESTS = sorted(set(HERE.rglob("*.yaml")) - {folder / "kustomization.yaml" for folder in FOLDERS})
WHOLE = [path for path in MANIFESTS if path.name != "patch.yaml"]
PODS = [path for path in WHOLE if read(path)[0]["kind"] in ("Pod", "Job", "DaemonSet")]

each_whole = pytest.mark.parametrize("path", WHOLE, ids=lambda path: str(path.relative_to(HERE)))
each_pod = pytest.mark.parametrize("path", PODS, ids=lambda path: str(path.relative_to(HERE)))
each_applied = pytest.mark.parametrize("folder", APPLIED, ids=lambda folder: folder.name)


def of(name: str) -> Document:
    """The first document of a manifest."""
    return read(HERE / name)[0]


def pod_of(document: Document) -> Document:
    spec: Document = document["spec"] if document["kind"] == "Pod" else document["spec"]["template"]["spec"]
    return spec


def containers_of(pod: Document) -> list[Document]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def settings() -> dict[str, str]:
    """What the ConfigMap of all jobs holds."""
    (generator,) = read(HERE / "dataset" / "kustomization.yaml")[0]["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in generator["literals"])


def arguments_of(container: Document, config: dict[str, str]) -> list[str]:
    """What reaches the program: Kubernetes replaces $(NAME) by the container's environment."""
    known = {"JOB_COMPLETION_INDEX": "1", **{entry["name"]: entry["value"] for entry in container.get("env", [])}}
    known |= config if container.get("envFrom") else {}
    return [re.sub(r"\$\((\w+)\)", lambda found: known[found[1]], argument) for argument in container["args"]]


def parsed(container: Document, config: dict[str, str]) -> Any:
    """The arguments as the program in the image reads them; SystemExit when it would refuse them."""
    arguments = arguments_of(container, config)
    name = container["image"].rpartition("/")[2].partition(":")[0]
    if name.startswith("edge-train"):
        return train_parser().parse_args(arguments)
    if name == "edge-export":
        return export_parser().parse_args(arguments)
    assert name.startswith("edge-runtime"), name
    return build_parser(arguments).parse_args(arguments[1:])


def complaints(pod: Document) -> Iterator[str]:
    """What a pod may do that it need not."""
    security = pod["securityContext"]
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        yield "may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "may call every function of the kernel"
    if pod.get("automountServiceAccountToken") is not False:
        yield "has an account of the cluster"
    yield from (f"shares {name} with the node" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name))
    of_the_node = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    for path in of_the_node.values():
        if not path.startswith("/var/lib/edge-runtime/"):
            yield f"sees {path} of the node"
    for container in containers_of(pod):
        name, own = container["name"], container["securityContext"]
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            yield f"{name} may become privileged"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name} has capabilities"
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{name} may change its own programs"
        if not container["resources"]["limits"].get("memory") or not container["resources"]["requests"].get("cpu"):
            yield f"{name} may take all of the node"
        for mount in container["volumeMounts"]:
            if mount["name"] in of_the_node and not mount.get("readOnly"):
                yield f"{name} may write {of_the_node[mount['name']]} of the node"


# The manifests as they are written


@pytest.mark.parametrize("version", VERSIONS)
@each_whole
def test_every_manifest_is_what_kubernetes_own_schema_wants(path: Path, version: str) -> None:
    for document in read(path):
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_that_kubernetes_does_not_know_is_refused(version: str) -> None:
    document = of("edge/daemonset.yaml")
    document["spec"]["template"]["spec"]["containers"][0]["livenessProbes"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenessProbes"):
        kubernetes_validate.validate(document, version, strict=True)


def test_every_directory_is_explained_and_every_explained_directory_is_there() -> None:
    table = re.findall(r"^\| (`.+?) \|", (HERE / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    explained = [name for cell in table for name in re.findall(r"`([\w-]+)`", cell)]
    assert sorted(explained) == sorted(folder.name for folder in FOLDERS if folder.parent == HERE)


def test_images_are_the_ones_that_the_kit_builds_in_this_version() -> None:
    entries = read(HERE / "images" / "kustomization.yaml")[0]["images"]
    assert {entry["name"]: f"{entry['newName']}:{entry['newTag']}" for entry in entries} == REFERENCES


@each_pod
def test_every_image_gets_its_registry_and_version_from_the_one_place(path: Path) -> None:
    assert {container["image"] for container in containers_of(pod_of(read(path)[0]))} <= REFERENCES.keys()
    assert "../images" in read(path.parent / "kustomization.yaml")[0]["components"]


@each_pod
def test_a_pod_may_do_no_more_than_it_must(path: Path) -> None:
    assert list(complaints(pod_of(read(path)[0]))) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "may run as root"),
        (lambda pod: pod["securityContext"].update(runAsUser=0), "may run as root"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "may call every function of the kernel"),
        (lambda pod: pod.pop("automountServiceAccountToken"), "has an account of the cluster"),
        (lambda pod: pod.update(hostNetwork=True), "shares hostNetwork with the node"),
        (lambda pod: pod["volumes"][0]["hostPath"].update(path="/dev"), "sees /dev of the node"),
        (lambda pod: pod["initContainers"][0]["securityContext"].pop("allowPrivilegeEscalation"), "verify may become"),
        (lambda pod: pod["containers"][0]["securityContext"].update(privileged=True), "edge-runtime may become"),
        (lambda pod: pod["containers"][0]["securityContext"].pop("capabilities"), "edge-runtime has capabilities"),
        (lambda pod: pod["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"), "may change its own"),
        (lambda pod: pod["containers"][0]["resources"]["limits"].pop("memory"), "may take all of the node"),
        (
            lambda pod: pod["containers"][0]["volumeMounts"][1].pop("readOnly"),
            "may write /var/lib/edge-runtime/incoming",
        ),
    ],
)
def test_a_right_too_many_is_found(change: Callable[[Document], object], complaint: str) -> None:
    pod = copy.deepcopy(pod_of(of("edge/daemonset.yaml")))
    change(pod)
    assert [found for found in complaints(pod) if complaint in found]


@each_pod
def test_every_argument_is_one_that_the_program_takes(path: Path) -> None:
    for container in containers_of(pod_of(read(path)[0])):
        if "command" in container:
            assert container["command"] == ["sleep", "infinity"]  # files: no program of ours
        else:
            parsed(container, settings())


def test_an_argument_that_the_program_does_not_take_is_refused() -> None:
    container = pod_of(of("edge/daemonset.yaml"))["containers"][0]
    container["args"].append("--treshold=0.5")
    with pytest.raises(SystemExit):
        parsed(container, settings())


@each_pod
def test_only_what_trains_takes_a_gpu(path: Path) -> None:
    for container in containers_of(pod_of(read(path)[0])):
        trains = container.get("args", [""])[0] == "fit"
        assert ("nvidia.com/gpu" in container["resources"]["limits"]) is trains
        if container["image"] == "edge-train" and not trains:
            assert {"name": "CUDA_VISIBLE_DEVICES", "value": "-1"} in container["env"]


@pytest.mark.parametrize(
    ("name", "step", "kept"),
    # Hosts that fetch at once would write one file; they fetch into themselves.
    [("prepare", "prepare", True), ("train", "prepare", True), ("train", "fit", True), ("train-hosts", "fit", False)],
)
def test_what_is_fetched_outlives_the_pod(name: str, step: str, kept: bool) -> None:
    (container,) = (each for each in containers_of(pod_of(of(f"{name}/job.yaml"))) if each["name"] == step)
    said = {entry["name"]: Path(entry["value"]) for entry in container.get("env", [])}
    claim = next(Path(mount["mountPath"]) for mount in container["volumeMounts"] if mount["name"] == "work")
    for variable in ("XDG_CACHE_HOME", "KERAS_HOME"):
        assert (variable in said and said[variable].is_relative_to(claim)) is kept


@pytest.mark.parametrize("path", [path for path in PODS if path.name == "job.yaml"], ids=lambda path: path.parent.name)
def test_another_attempt_is_made_only_where_it_may_help(path: Path) -> None:
    lost_node, wrong = read(path)[0]["spec"]["podFailurePolicy"]["rules"]
    assert lost_node["action"] == "Ignore"
    assert lost_node["onPodConditions"][0]["type"] == "DisruptionTarget"
    assert wrong["action"] == "FailJob"
    codes = [UsageError.exit_code] + ([IncompleteError.exit_code] if path.parent.name == "export" else [])
    assert wrong["onExitCodes"] == {"operator": "In", "values": codes}


def test_jobs_hand_data_runs_and_bundles_to_each_other() -> None:
    prepare, fit, evaluate = (parsed(each, settings()) for each in containers_of(pod_of(of("train/job.yaml"))))
    (export,) = (parsed(each, settings()) for each in containers_of(pod_of(of("export/job.yaml"))))
    assert prepare.out == fit.data
    assert prepare.keep_for == [fit.directory]
    assert fit.directory == evaluate.directory == export.run
    alone = {
        name: parsed(pod_of(of(f"{name}/job.yaml"))["containers"][0], settings()) for name in ("prepare", "evaluate")
    }
    assert vars(alone["prepare"]) == vars(prepare)
    assert vars(alone["evaluate"]) == vars(evaluate)


def test_hosts_are_as_many_as_they_are_told_and_find_host_0() -> None:
    job, service, policy = (of(f"train-hosts/{name}.yaml") for name in ("job", "service", "network"))
    fit = parsed(pod_of(job)["containers"][0], settings())
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == fit.hosts
    assert fit.host == 1  # arguments_of plays the pod with index 1
    (port,) = service["spec"]["ports"]
    assert str(fit.coordinator) == f"{job['metadata']['name']}-0.{service['metadata']['name']}:{port['port']}"
    assert pod_of(job)["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == policy["spec"]["podSelector"]["matchLabels"] == labels
    one_gpu = parsed(containers_of(pod_of(of("train/job.yaml")))[1], settings())
    assert (fit.data, fit.directory) == (one_gpu.data, one_gpu.directory)


def test_a_fleet_is_watched_by_its_heartbeat_and_updated_in_parts() -> None:
    spec = of("edge/daemonset.yaml")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["exec"]["command"] == ["edge-runtime", "health"], probe
        assert container[probe]["timeoutSeconds"] > 1, "the default is less than a slow board needs to start Python"
    assert spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"].endswith("%")
    assert spec["minReadySeconds"] > 0
    (first,) = spec["template"]["spec"]["initContainers"]
    verify, run = parsed(first, {}), parsed(container, {})
    assert (first["args"][0], container["args"][0]) == ("verify", "run")
    assert str(verify.bundle) == run.bundle
    assert str(run.threads) == container["resources"]["limits"]["cpu"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {
        str(run.bundle),
        *(open_source(address).address.removeprefix("watch:") for address in run.sources),
    } < mounted


# What kubectl makes of them


@pytest.fixture(scope="module")
def kubectl() -> Path:
    """Debian 13's kubectl; Debian 12's is of 2021 and does not read today's kustomizations."""
    return suite.cached("trixie", "kubectl") / "usr" / "bin" / "kubectl"


Render = Callable[[str], list[Document]]


@pytest.fixture(scope="module")
def render(kubectl: Path) -> Render:
    def rendered(name: str) -> list[Document]:
        command = [str(kubectl), "kustomize", str(HERE / name)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "deprecated" not in done.stderr
        return [document for document in yaml.safe_load_all(done.stdout) if document]

    return rendered


def only(documents: list[Document], kind: str) -> Document:
    (document,) = (document for document in documents if document["kind"] == kind)
    return document


@pytest.mark.container
@each_applied
def test_what_is_applied_is_valid_confined_and_complete(folder: Path, render: Render) -> None:
    documents = render(folder.name)
    for document in documents:
        for version in IMAGE_VOLUMES if folder.name == "edge-bundle-image" else VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
        assert document["metadata"]["labels"]["app.kubernetes.io/part-of"] == "edge-deployment-kit"
    configs = {each["metadata"]["name"]: each["data"] for each in documents if each["kind"] == "ConfigMap"}
    for document in documents:
        if document["kind"] not in ("Pod", "Job", "DaemonSet"):
            continue
        assert list(complaints(pod_of(document))) == []
        for container in containers_of(pod_of(document)):
            assert container["image"] in REFERENCES.values()
            config: dict[str, str] = {}
            for source in container.get("envFrom", []):
                config |= configs[source["configMapRef"]["name"]]
            if "command" not in container:
                parsed(container, config)


@pytest.mark.container
def test_a_registry_is_changed_in_one_place(kubectl: Path, tmp_path: Path) -> None:
    for path in HERE.rglob("*.yaml"):
        moved = tmp_path / path.relative_to(HERE)
        moved.parent.mkdir(parents=True, exist_ok=True)
        moved.write_bytes(path.read_bytes())
    readme = (HERE / "README.md").read_text("utf-8")
    instruction = re.search(r"^sed -i '(.+)' docker/kubernetes/(\S+)$", readme, flags=re.MULTILINE)
    assert instruction is not None
    subprocess.run(["sed", "-i", instruction[1], str(tmp_path / instruction[2])], check=True)
    moved_images = set()
    for folder in APPLIED:
        command = [str(kubectl), "kustomize", str(tmp_path / folder.name)]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        moved_images |= set(re.findall(r"image: (.+)", rendered))
    assert moved_images == {f"registry.example/{reference}" for reference in REFERENCES.values()}


@pytest.mark.container
def test_a_node_with_a_camera_gets_that_device_and_nothing_else(render: Render) -> None:
    camera, directory = (only(render(name), "DaemonSet") for name in ("edge-camera", "edge"))
    (container,) = pod_of(camera)["containers"]
    assert parsed(container, {}).sources == ["/dev/video0"]
    assert container["image"] == REFERENCES["edge-runtime-camera"]
    assert container["resources"]["limits"]["squat.ai/video"] == "1"
    assert pod_of(camera)["securityContext"]["supplementalGroups"] == [44]
    assert [volume["name"] for volume in pod_of(camera)["volumes"]] == ["bundle", "tmp"]
    # Both may be in one cluster: neither takes the other's name, nodes or pods.
    assert camera["metadata"]["name"] != directory["metadata"]["name"]
    assert pod_of(camera)["nodeSelector"] == {"edge-runtime/camera": "true"}
    for mine, other in ((camera, directory), (directory, camera)):
        selector = mine["spec"]["selector"]["matchLabels"].items()
        assert selector <= mine["spec"]["template"]["metadata"]["labels"].items()
        assert not selector <= other["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.container
def test_kubeedges_nodes_need_no_label_of_ours(render: Render) -> None:
    assert pod_of(only(render("edge-kubeedge"), "DaemonSet"))["nodeSelector"] == {"node-role.kubernetes.io/edge": ""}


@pytest.mark.container
def test_a_bundle_from_a_registry_takes_the_place_of_the_nodes_directory(render: Render) -> None:
    from_registry, from_node = (pod_of(only(render(name), "DaemonSet")) for name in ("edge-bundle-image", "edge"))
    changed = [volume for volume in from_registry["volumes"] if volume not in from_node["volumes"]]
    assert [(volume["name"], set(volume)) for volume in changed] == [("bundle", {"name", "image"})]
    assert from_registry["containers"] == from_node["containers"]
