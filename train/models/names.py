"""The files of `train.models.description`; who only removes them needs no Keras."""

SUMMARY, ARCHITECTURE, WEIGHTS, DIAGRAM = "summary.txt", "architecture.json", "model.weights.h5", "architecture.png"
DESCRIBED = (SUMMARY, ARCHITECTURE, WEIGHTS, DIAGRAM)
