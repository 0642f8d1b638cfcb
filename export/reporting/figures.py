"""The parity report for programs: `parity.json`. No times: they always differ."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edge_runtime.bundle import fields
from edge_runtime.bundle.spec import ModelSpec
from export.mixed import Sensitivity
from export.proof.gate import Gate
from export.proof.parity import Parity, Reference
from export.proof.study import Study
from export.trial import Trial


def parity_json(
    trials: Sequence[Trial],
    reference: Reference,
    spec: ModelSpec,
    gate: Gate,
    temperature: tuple[float, float],
    study: Study | None,
) -> bytes:
    """Returns the content of ``parity.json``; the same figures give the same bytes.

    What is no number in a figure is null: JSON knows none.

    Args:
        trials: The variants.
        reference: The Keras model with its temperature.
        spec: The bundle's.
        gate: What was demanded.
        temperature: What the logits are divided by, and the calibration error without it.
        study: How many representative pictures are enough.
    """
    return fields.canonical(
        {
            "labels": spec.labels,
            "gate": gate,
            "reference": {
                "samples": len(reference.labels),
                "top1": reference.top1,
                "k": reference.k,
                "top_k": reference.top_k,
                "calibration_error": reference.calibration_error,
                "calibration_error_untempered": temperature[1],
                "per_label": reference.per_label,
                "reliability": reference.reliability,
            },
            "temperature": temperature[0],
            "calibration_study": study,
            "variants": {
                trial.recipe.name: {
                    "shipped": trial.refusal is None,
                    "reason": trial.refusal,
                    "size": len(trial.content),
                    "runtime": trial.runtime,
                }
                | (_figures(trial.parity) if trial.parity else {})
                | ({"sensitivity": [_cost(one) for one in trial.sensitivities]} if trial.sensitivities else {})
                for trial in trials
            },
        }
    )


def _figures(parity: Parity) -> dict[str, Any]:
    figures = fields.plain(parity) | {
        "top1": parity.top1,
        "top_k": parity.top_k,
        "calibration_error": parity.calibration_error,
        "mcnemar_p": parity.p,
        "per_label_change": parity.per_label_change,
    }
    del figures["latency"]
    return {key: _finite(value) for key, value in figures.items()}


def _cost(one: Sensitivity) -> dict[str, Any]:
    """What it cost on validation pictures that these layers alone were int8."""
    return {"layers": [layer.name for layer in one.layers], "agreement": one.agreement, "float32": one.kept}


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
