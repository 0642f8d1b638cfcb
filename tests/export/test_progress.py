import pytest

from export.progress import Progress


def test_a_reason_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(terminal=False)
    progress.left_out("a.onnx", "conversion failed: no such operator")
    progress.left_out("b.onnx", "conversion failed: no such operator")
    progress.left_out("c.onnx", "too slow")
    assert capsys.readouterr().err.splitlines() == [
        "a.onnx: LEFT OUT: conversion failed: no such operator",
        "b.onnx: LEFT OUT: as a.onnx, for the same reason",
        "c.onnx: LEFT OUT: too slow",
    ]
