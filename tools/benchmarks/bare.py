"""What somebody would write without this kit: the interpreter, Pillow, and nothing in between."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.preprocess import KERNELS


class Bare:
    """A loaded file with as little around it as there can be."""

    def __init__(self, bundle: Bundle, variant: str, threads: int) -> None:
        model = str(bundle.file(f"variants/{variant}"))
        spec = bundle.manifest.spec.preprocessing
        self.kernel = KERNELS[spec.interpolation]
        self.square = spec.resize == "center_crop"
        self.interpreter = Interpreter(model_path=model, num_threads=threads)
        self.interpreter.allocate_tensors()
        wanted, given = self.interpreter.get_input_details()[0], self.interpreter.get_output_details()[0]
        self.wanted, self.given = wanted["index"], given["index"]
        self.size = int(wanted["shape"][2]), int(wanted["shape"][1])

    def interpret(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
        self.interpreter.set_tensor(self.wanted, pixels[None])
        self.interpreter.invoke()
        scores: NDArray[np.generic] = self.interpreter.get_tensor(self.given)[0]
        return scores

    def resize(self, image: Image.Image) -> NDArray[np.uint8]:
        return np.asarray(image.resize(self.size, self.kernel, self.box(image.size)))

    def box(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """The square in the middle, or all of a picture of `size`."""
        if not self.square:
            return 0, 0, *size
        side = min(size)
        left, top = (size[0] - side) / 2, (size[1] - side) / 2
        return left, top, left + side, top + side

    def from_array(self, array: NDArray[np.uint8]) -> NDArray[np.generic]:
        return self.interpret(self.resize(Image.fromarray(array)))

    def from_file(self, path: Path) -> NDArray[np.int64]:
        """A tight loop's body: reduced decoding where the size allows it, as who knows Pillow well would do."""
        with Image.open(path) as image:
            for scale in (8, 4, 2):
                if min(image.size) // scale >= 2 * max(self.size):
                    image.draft("RGB", (image.width // scale, image.height // scale))
                    break
            pixels = self.resize(image.convert("RGB"))
        return self.interpret(pixels).argsort()[::-1][:5]
