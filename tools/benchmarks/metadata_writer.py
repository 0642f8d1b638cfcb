"""Gives a TFLite file the metadata that MediaPipe needs. Own environment: python FILE MODEL LABELS TARGET"""

import sys
from pathlib import Path

from tflite_support.metadata_writers import (  # type: ignore[import-not-found]  # not in the kit's environment
    image_classifier,
    writer_utils,
)

source, labels, target = sys.argv[1:]
content = writer_utils.load_file(source)
# Raw pixels go in: (value - 0) / 1.
writer = image_classifier.MetadataWriter.create_for_inference(content, [0.0], [1.0], [labels])
Path(target).write_bytes(writer.populate())
