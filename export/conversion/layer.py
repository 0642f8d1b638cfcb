"""One operator of a network, as people and the quantiser call it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """An operator of the graph.

    Attributes:
        tensor: Its output's name, as the converter gave it: one operator's alone.
        operator: Such as ``CONV_2D``.
    """

    tensor: str
    operator: str

    @property
    def name(self) -> str:
        """For people: of ``cnn/re_lu_3/Relu;cnn/conv2d_3/convolution`` the first part, without the model's name."""
        return self.tensor.partition(";")[0].partition("/")[2] or self.tensor
