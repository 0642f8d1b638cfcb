"""From an address as the user types it to a sink. Only what is asked for is imported."""

import sys

from edge_runtime.sinks import Sink
from edge_runtime.sinks.address import parse
from edge_runtime.sinks.places import (
    JsonLinesAddress,
    MqttAddress,
    PicturesAddress,
    SqliteAddress,
    StdoutAddress,
    VideoAddress,
    WebhookAddress,
)


def open_sink(address: str) -> Sink:
    """Returns the sink behind `address`; nothing is opened before it is entered.

    Raises:
        UsageError: No such sink or option.
    """
    match parse(address):
        case StdoutAddress() as place:
            from edge_runtime.sinks.jsonl import JsonLinesSink

            return JsonLinesSink(sys.stdout, place.what)
        case JsonLinesAddress() as place:
            from edge_runtime.sinks.logfile import JsonLinesFileSink

            return JsonLinesFileSink(place)
        case SqliteAddress() as place:
            from edge_runtime.sinks.sqlite import SqliteSink

            return SqliteSink(place)
        case MqttAddress() as place:
            from edge_runtime.sinks.mqtt import MqttSink

            return MqttSink(place)
        case WebhookAddress() as place:
            from edge_runtime.sinks.webhook import WebhookSink

            return WebhookSink(place)
        case PicturesAddress() as place:
            from edge_runtime.sinks.pictures import PicturesSink

            return PicturesSink(place)
        case VideoAddress() as place:
            from edge_runtime.sinks.video import VideoSink

            return VideoSink(place)
