"""The script that `edge-runtime classify` is measured against: python ten_lines.py MODEL.tflite PICTURE KERNEL"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

interpreter = Interpreter(model_path=sys.argv[1], num_threads=2)
interpreter.allocate_tensors()
wanted, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
image = Image.open(sys.argv[2]).convert("RGB").resize(tuple(wanted["shape"][2:0:-1]), Image.Resampling[sys.argv[3]])
interpreter.set_tensor(wanted["index"], np.asarray(image)[None])
interpreter.invoke()
scores = interpreter.get_tensor(given["index"])[0]
print(*((int(label), float(scores[label])) for label in scores.argsort()[::-1][:3]), flush=True)
if "--rss" in sys.argv:
    with open("/proc/self/statm") as file:
        print(int(file.read().split()[1]) * 4096)
