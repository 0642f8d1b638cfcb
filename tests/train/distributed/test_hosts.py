import pytest

from edge_runtime.errors import UsageError
from tests.support import python
from train.distributed.hosts import ALONE, Hosts, check_batch, hosts_from


@pytest.fixture(autouse=True)
def jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")


def test_without_the_flags_there_is_one_host() -> None:
    assert hosts_from(None, None, None) == ALONE
    assert hosts_from(1, 0, "10.0.0.5:29400") == ALONE
    assert (ALONE.first, ALONE.several) == (True, False)


def test_every_host_knows_which_one_it_is_and_where_host_0_is() -> None:
    second = hosts_from(3, 1, "train-0.train:29400")
    assert second == Hosts(3, 1, "train-0.train:29400")
    assert (second.first, second.several, str(second)) == (False, True, "host 1 of 3")
    assert second.address == ("train-0.train", 29400)
    assert hosts_from(2, 0, "[fd00::5]:29400").address == ("fd00::5", 29400)


@pytest.mark.parametrize(
    ("count", "index", "coordinator", "sentence"),
    [
        (2, None, None, "--host and --coordinator: missing; --hosts, --host and --coordinator go together"),
        (None, 1, "a:1", "--hosts: missing"),
        (0, 0, "a:1", "--hosts 0: 1 or more expected"),
        (2, 2, "a:1", "--host 2: 0 to 1 expected, because of --hosts 2"),
        (2, -1, "a:1", "--host -1: 0 to 1 expected"),
        (2, 1, "10.0.0.5", "--coordinator 10.0.0.5: ADDRESS:PORT of host 0 expected"),
        (2, 1, ":29400", "--coordinator :29400: ADDRESS:PORT"),
        (2, 1, "a:65536", "--coordinator a:65536: ADDRESS:PORT"),
        (2, 1, "a:", "--coordinator a:: ADDRESS:PORT"),
    ],
)
def test_what_makes_no_sense_is_told(
    count: int | None, index: int | None, coordinator: str | None, sentence: str
) -> None:
    with pytest.raises(UsageError) as told:
        hosts_from(count, index, coordinator)
    assert sentence in str(told.value)


def test_tensorflow_trains_on_one_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(UsageError, match="TensorFlow trains on one host; set KERAS_BACKEND=jax"):
        hosts_from(2, 0, "a:1")


def test_a_batch_that_cannot_be_shared_out_is_refused_with_those_that_can() -> None:
    check_batch(128, 1)
    check_batch(128, 4)
    with pytest.raises(UsageError, match=r"128 pictures cannot be .* to 3 hosts: --batch-size 126 or 129"):
        check_batch(128, 3)
    with pytest.raises(UsageError, match=r"--batch-size 8$"):
        check_batch(4, 8)


def test_the_command_line_says_so_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    done = python("-m", "train", "fit", "--data", "nowhere", "--run", "nowhere", "--hosts", 2)
    assert done.returncode == 2
    assert "--host and --coordinator: missing" in done.stderr
