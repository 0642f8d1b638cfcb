import numpy as np
import pytest

from edge_runtime.stages.prepared import Split
from train.backend import keras
from train.distributed.share import Share
from train.fitting.batches import Batches, fed

SPLIT = Split(np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3), np.arange(10) * 2)


def labels(batches: Batches) -> list[int]:
    return [int(label) for index in range(batches.num_batches) for label in batches[index][1]]


def test_without_a_seed_the_split_keeps_its_order() -> None:
    batches = Batches(SPLIT, 4)
    assert [len(batches[n][1]) for n in range(batches.num_batches)] == [4, 4, 2]
    assert labels(batches) == list(range(0, 20, 2))
    batches.start(1)
    assert labels(batches) == list(range(0, 20, 2))


def test_a_seed_shuffles_every_epoch_anew_and_loses_nothing() -> None:
    batches = Batches(SPLIT, 4, seed=1)
    first = labels(batches)
    batches.start(1)
    second = labels(batches)
    assert sorted(first) == sorted(second) == list(range(0, 20, 2))
    assert len({tuple(first), tuple(second), tuple(range(0, 20, 2))}) == 3


def test_pixels_stay_with_their_labels_and_are_as_they_were_read() -> None:
    pixels, found = Batches(SPLIT, 10, seed=1)[0]
    assert pixels.dtype == np.uint8
    assert (pixels[:, 0, 0, 0] * 2).tolist() == found.tolist()


def test_the_order_of_an_epoch_does_not_depend_on_the_epochs_before() -> None:
    whole, resumed = Batches(SPLIT, 4, seed=1), Batches(SPLIT, 4, seed=1)
    whole.start(1)
    whole.start(2)
    resumed.start(2)
    assert labels(resumed) == labels(whole)


def test_mirroring_turns_about_half_of_the_pictures_and_nothing_else() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (400, 2, 5, 3), np.uint8)
    split = Split(pixels, np.arange(400))
    batches = Batches(split, 400, seed=1, flip=True)
    first, order = batches[0]
    original = pixels[order].astype(np.float32)
    mirrored = [n for n in range(400) if np.array_equal(first[n], original[n, :, ::-1])]
    kept = [n for n in range(400) if np.array_equal(first[n], original[n])]
    assert len(mirrored) + len(kept) == 400
    assert 160 < len(mirrored) < 240, "4 standard deviations of a binomial: 4 * sqrt(400 / 4) = 40"
    assert np.array_equal(batches[0][0], first), "the same epoch, the same draw"
    assert np.array_equal(split.pixels, pixels)


def test_the_parts_of_all_hosts_are_the_batches_of_one() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (22, 2, 3, 3), np.uint8)
    split = Split(pixels, np.arange(22))
    whole = Batches(split, 8, seed=1, flip=True)
    parts = [Batches(split, 8, seed=1, flip=True, share=Share(index, 2, 2)) for index in range(2)]
    for epoch in range(2):
        for batches in (whole, *parts):
            batches.start(epoch)
        assert [part.num_batches for part in parts] == [3, 3]
        for index in range(3):
            for position in range(2):
                together = np.concatenate([part[index][position] for part in parts])
                assert np.array_equal(together, whole[index][position])


def test_a_last_training_batch_goes_without_what_cannot_be_shared_out() -> None:
    split = Split(SPLIT.pixels[:9], SPLIT.labels[:9])
    left_out: list[int] = []
    for epoch in range(3):
        parts = [Batches(split, 4, seed=1, share=Share(index, 2, 4)) for index in range(2)]
        for part in parts:
            part.start(epoch)
        seen = [label for part in parts for label in labels(part)]
        assert [part.num_batches for part in parts] == [2, 2]
        assert len(set(seen)) == len(seen) == 8
        left_out += set(range(0, 18, 2)) - set(seen)
    assert len(set(left_out)) > 1, "not the same one in every epoch"


def test_a_last_validation_batch_is_filled_up_with_what_weighs_nothing() -> None:
    split = Split(SPLIT.pixels[:9], SPLIT.labels[:9])
    parts = [Batches(split, 4, share=Share(index, 2, 2)) for index in range(2)]
    weighed = [
        (int(label), float(weight))
        for part in parts
        for n in range(3)
        for label, weight in zip(*part[n][1:], strict=True)
    ]
    assert sorted(label for label, weight in weighed if weight) == list(range(0, 18, 2))
    assert [label for label, weight in weighed if not weight] == [0]
    assert all(len(part[n][0]) == size for part in parts for n, size in enumerate((2, 2, 1)))


def test_for_a_model_that_mixes_both_the_labels_are_part_of_what_goes_in() -> None:
    pixels, labels = Batches(SPLIT, 4, seed=1)[1]
    given, same = Batches(SPLIT, 4, seed=1, labelled=True)[1]
    assert np.array_equal(given["pixels"], pixels)
    assert np.array_equal(given["labels"], labels)
    assert np.array_equal(same, labels)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("devices", [1, 4])
def test_what_fit_is_given_is_what_the_batches_are_in_the_order_of_the_epoch(labelled: bool, devices: int) -> None:
    share = Share(0, 1, devices)  # 10 pictures in 4s: the last batch is filled up, and weighed
    for seed in (None, 1):
        batches = Batches(SPLIT, 4, seed, flip=True, labelled=labelled, share=share)
        given = fed(batches)
        for epoch in range(2):
            batches.start(epoch)
            found = list(given)
            assert len(found) == len(given) == batches.num_batches
            for index, one in enumerate(found):
                expected = keras.tree.flatten(batches[index])
                for ours, theirs in zip(keras.tree.flatten(one), expected, strict=True):
                    assert np.array_equal(np.asarray(ours), theirs)
                    assert ours.dtype == theirs.dtype
