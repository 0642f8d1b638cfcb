"""Judges files with MediaPipe Tasks' ImageClassifier. Runs in an environment of its own: python FILE MODEL PICTURE...

Each line on standard input is a number of seconds; the answer is a line of JSON with the seconds of each picture.
"""

import json
import sys
import time
from itertools import cycle

import mediapipe  # type: ignore[import-not-found]  # not in the kit's environment
from mediapipe.tasks.python import BaseOptions, vision  # type: ignore[import-not-found]


def main() -> None:
    model, *pictures = sys.argv[1:]
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model), max_results=5)
    with vision.ImageClassifier.create_from_options(options) as classifier:
        paths = cycle(pictures)

        def query() -> tuple[float, int]:
            began = time.perf_counter()
            result = classifier.classify(mediapipe.Image.create_from_file(next(paths)))
            return time.perf_counter() - began, result.classifications[0].categories[0].index

        print(json.dumps({"labels": [query()[1] for _ in pictures], "version": mediapipe.__version__}), flush=True)
        for line in sys.stdin:
            end = time.perf_counter() + float(line)
            taken: list[float] = []
            query()
            while not taken or time.perf_counter() < end:
                taken.append(query()[0])
            print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main()
