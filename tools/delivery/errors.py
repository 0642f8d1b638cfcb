"""What can go wrong on the way to a device."""

from edge_runtime.errors import EdgeError


class DeliveryError(EdgeError):
    """The device or this machine lacks something, or said no. Nothing was changed unless the text says so."""


class ConnectionFailed(DeliveryError):
    """There is no connection to the device, or no longer."""
