"""The training application, run from the checkout or its image: ``python -m train prepare | fit | evaluate``.

It hands over to ``export`` through the directories of `edge_runtime.stages` alone. Nothing here resizes a picture:
every one of them goes through `edge_runtime.preprocess`, as on the device.
"""
