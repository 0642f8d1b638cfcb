import numpy as np
import pytest

from train.distributed.share import WHOLE, Share, filled_up, shortened


def test_one_host_has_everything() -> None:
    order = np.arange(7)
    assert order[WHOLE.of(order)].tolist() == list(range(7))
    assert shortened(order, 1).tolist() == list(range(7))
    filled, weights = filled_up(order, 1)
    assert filled.tolist() == list(range(7))
    assert weights is None


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_parts_of_all_hosts_are_the_batch_in_its_order(count: int) -> None:
    batch = np.arange(12)
    parts = [batch[Share(index, count, count).of(batch)] for index in range(count)]
    assert np.concatenate(parts).tolist() == batch.tolist()
    assert len({len(part) for part in parts}) == 1


@pytest.mark.parametrize(("pictures", "devices"), [(12, 4), (13, 4), (15, 4), (3, 4)])
def test_training_leaves_out_fewer_pictures_than_there_are_devices(pictures: int, devices: int) -> None:
    order = shortened(np.arange(pictures), devices)
    assert len(order) % devices == 0
    assert 0 <= pictures - len(order) < devices


@pytest.mark.parametrize(("pictures", "devices"), [(13, 4), (15, 4), (3, 4), (101, 2)])
def test_validation_counts_every_picture_once(pictures: int, devices: int) -> None:
    order, weights = filled_up(np.arange(pictures), devices)
    assert weights is not None
    assert len(order) == len(weights)
    assert len(order) % devices == 0
    assert order[:pictures].tolist() == list(range(pictures))
    assert not weights[pictures:].any()
    # What Keras makes of it: sums over all pictures, divided by their number, repeated ones included.
    losses = np.random.default_rng(0).random(pictures)
    assert (weights * losses[order]).sum() / len(order) == pytest.approx(losses.mean(), rel=1e-6)
