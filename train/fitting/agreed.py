"""What every host must have alike before they train one model."""

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig
from train.distributed.meeting import Terms
from train.models.registry import IMAGENET, NETWORKS, RANDOM
from train.versions import versions


def terms(prepared: Prepared, config: TrainConfig, *, fresh: bool) -> Terms:
    """Returns it by name, for `train.distributed.meeting.meet`.

    The configuration says where files are, and on each host another one may be there: they count by their content. One
    that cannot be read is no failure here. Where only this host lacks it the terms differ, and otherwise whoever needs
    it says what is wrong.
    """
    return {
        "dataset": prepared.digest,
        "--fresh": fresh,
        **dataclasses.asdict(config),
        **versions(),
        **{f"content of {named}": _content(path) for named, path in _files(config)},
    }


def _files(config: TrainConfig) -> Iterator[tuple[str, Path]]:
    if config.model not in NETWORKS:  # module:function; what the module imports is not followed
        module = config.model.partition(":")[0]
        yield f"--model {config.model}", Path(f"{module.replace('.', '/')}.py")
    if config.weights not in ("", IMAGENET, RANDOM):
        yield f"--weights {config.weights}", Path(config.weights)
    for flag, run in (("--from", config.start), ("--teacher", config.teacher)):
        if run:
            yield f"{flag} {run}", Path(run) / stage.MODEL


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        return error.strerror or str(error)
