"""What an MQTT broker is told under which name, and how Home Assistant finds it there. No connection here.

Under the prefix:
    available             online or offline, retained; offline is this client's last will
    SOURCE/event          each event
    SOURCE/state          the last event, retained
    SOURCE/source         the last change of the source itself, retained
    SOURCE/change         each change of it
    SOURCE/prediction     each prediction, where they are asked for
    SOURCE/rejection      each rejection, where they are asked for
All but `available` are JSON objects as in the JSON lines. SOURCE is the source's address in letters, digits, - and _.
"""

import json

from edge_runtime import __version__
from edge_runtime.classifier import Identity
from edge_runtime.result import Event, Result, SourceChange
from edge_runtime.sinks.slug import digest, slug

DISCOVERY = "homeassistant"  # the prefix that Home Assistant listens to unless it is told otherwise
EACH = {"events": "event", "sources": "change", "predictions": "prediction", "rejections": "rejection"}


class Topics:
    """Names topics.

    Args:
        prefix: What all begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._slugs: dict[str, str] = {}
        self.available = f"{prefix}/available"

    def source(self, address: str) -> str:
        """Returns the level of a source; sources whose addresses look alike there are told apart."""
        if address not in self._slugs:
            plain = slug(address)
            taken = plain in self._slugs.values() or plain == "available"
            self._slugs[address] = f"{plain}-{digest(address)}" if taken else plain
        return self._slugs[address]

    def each(self, kind: str, address: str) -> str:
        """Returns where each result of a kind goes."""
        return f"{self._prefix}/{self.source(address)}/{EACH[kind]}"

    def last(self, result: Result) -> str | None:
        """Returns where a result is kept as the last of its kind."""
        if isinstance(result, (Event, SourceChange)):
            name = "state" if isinstance(result, Event) else "source"
            return f"{self._prefix}/{self.source(result.source)}/{name}"
        return None

    def discovery(self, address: str, model: Identity | None) -> dict[str, str]:
        """Returns by topic what Home Assistant wants to know of a source: two sensors of one device.

        https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
        """
        node, level = slug(self._prefix), self.source(address)
        device: dict[str, object] = {"identifiers": [node], "name": self._prefix, "manufacturer": "edge-runtime"}
        if model:
            device |= {"model": model.bundle, "sw_version": f"{model.version} ({model.digest}) {model.variant}"}
        found = {}
        for name, title, value, more in (
            ("state", "label", "label", {"icon": "mdi:tag-outline"}),
            ("source", "source", "state", {"icon": "mdi:cctv", "entity_category": "diagnostic"}),
        ):
            topic = f"{self._prefix}/{level}/{name}"
            found[f"{DISCOVERY}/sensor/{node}/{level}-{name}/config"] = json.dumps(
                {
                    "name": f"{address} {title}",
                    "unique_id": f"{node}_{level}_{name}",
                    "state_topic": topic,
                    "value_template": f"{{{{ value_json.{value} }}}}",
                    "json_attributes_topic": topic,
                    "availability_topic": self.available,
                    "device": device,
                    "origin": {"name": "edge-runtime", "sw_version": __version__},
                    **more,
                },
                ensure_ascii=False,
            )
        return found
