"""What somebody would write without this kit: the interpreter, Pillow, and nothing in between.

As a program it is the script that `edge-runtime classify` is measured against:

    python bare.py MODEL.tflite PICTURE [--rss]
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image


class Bare:
    """A loaded file with as little around it as there can be."""

    def __init__(self, model, threads):
        self.interpreter = Interpreter(model_path=model, num_threads=threads)
        self.interpreter.allocate_tensors()
        wanted, given = self.interpreter.get_input_details()[0], self.interpreter.get_output_details()[0]
        self.wanted, self.given = wanted["index"], given["index"]
        self.size = int(wanted["shape"][2]), int(wanted["shape"][1])

    def interpret(self, pixels):
        self.interpreter.set_tensor(self.wanted, pixels[None])
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.given)[0]

    def resize(self, image):
        return np.asarray(image.resize(self.size, Image.Resampling.BILINEAR))

    def from_array(self, array):
        return self.interpret(self.resize(Image.fromarray(array)))

    def from_file(self, path):
        """A tight loop's body: reduced decoding where the size allows it, as who knows Pillow well would do."""
        with Image.open(path) as image:
            for scale in (8, 4, 2):
                if min(image.size) // scale >= 2 * max(self.size):
                    image.draft("RGB", (image.width // scale, image.height // scale))
                    break
            pixels = self.resize(image.convert("RGB"))
        return self.interpret(pixels).argsort()[::-1][:5]

    def fully_decoded(self, path):
        with Image.open(path) as image:
            pixels = self.resize(image.convert("RGB"))
        return self.interpret(pixels).argsort()[::-1][:5]


def main():
    interpreter = Interpreter(model_path=sys.argv[1], num_threads=2)
    interpreter.allocate_tensors()
    wanted, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    image = Image.open(sys.argv[2]).convert("RGB").resize(tuple(wanted["shape"][2:0:-1]), Image.Resampling.BILINEAR)
    interpreter.set_tensor(wanted["index"], np.asarray(image)[None])
    interpreter.invoke()
    scores = interpreter.get_tensor(given["index"])[0]
    print(*((int(label), float(scores[label])) for label in scores.argsort()[::-1][:3]), flush=True)
    if "--rss" in sys.argv:
        with open("/proc/self/statm") as file:
            print(int(file.read().split()[1]) * 4096)


if __name__ == "__main__":
    main()
