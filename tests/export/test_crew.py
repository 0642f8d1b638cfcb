"""Processes side by side: real ones, which return, fail, and die."""

import contextlib
import multiprocessing
import os
import signal

import pytest

from edge_runtime.errors import EdgeError, RunError
from export.crew import Answer, Crew, Task, Watch, advance


def double(number: int) -> int:
    return 2 * number


def own_process(_: int) -> int:
    return os.getpid()


def refuse(what: str) -> None:
    raise RunError(what)


def stumble() -> None:
    raise ValueError("some\n  converter's   text")


def die(number: int) -> None:
    os.kill(os.getpid(), number)


def half() -> str:
    advance(0.5)
    advance(0.6)  # too soon after the first: not told
    return "done"


def run(tasks: list[Task], size: int = 2) -> dict[object, Answer]:
    with Crew(size) as crew:
        for task in tasks:
            crew.submit(task)
        return {answer.name: answer for answer in crew.answers()}


def test_each_task_is_answered_once() -> None:
    found = run([Task(number, double, (number,)) for number in range(7)])
    assert {name: answer.value for name, answer in found.items()} == {n: 2 * n for n in range(7)}


def test_no_more_processes_than_asked_for_and_none_of_them_is_this_one() -> None:
    found = run([Task(number, own_process, (number,)) for number in range(8)])
    processes = {answer.value for answer in found.values()}
    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes


def test_the_kits_own_errors_come_back_as_they_are() -> None:
    error = run([Task("a", refuse, ("model.keras: no model",))])["a"].error
    assert isinstance(error, RunError)
    assert str(error) == "model.keras: no model"


def test_foreign_errors_come_back_as_one_line() -> None:
    error = run([Task("a", stumble, ())])["a"].error
    assert type(error) is EdgeError
    assert str(error) == "some converter's text"


@pytest.mark.parametrize("number", [signal.SIGFPE, signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_loses_its_own_task_alone(number: signal.Signals) -> None:
    tasks = [Task("dies", die, (number,)), *(Task(n, double, (n,)) for n in range(4))]
    found = run(tasks, size=1)
    assert str(found.pop("dies").error).startswith(f"its process ended by signal {number.value} ({number.name})")
    assert {name: answer.value for name, answer in found.items()} == {n: 2 * n for n in range(4)}


def test_an_answer_may_bring_more_tasks() -> None:
    seen = []
    with Crew(2) as crew:
        crew.submit(Task(1, double, (1,)))
        for answer in crew.answers():
            seen.append(answer.value)
            if answer.value < 16:
                crew.submit(Task(answer.value, double, (answer.value,)))
    assert seen == [2, 4, 8, 16]


def test_leaving_ends_what_still_runs() -> None:
    with contextlib.suppress(KeyboardInterrupt), Crew(2) as crew:
        crew.submit(Task("waits for ever", signal.pause, ()))
        crew.submit(Task("pid", own_process, (0,)))
        for _ in crew.answers():
            assert len(multiprocessing.active_children()) == 2
            raise KeyboardInterrupt
    assert not multiprocessing.active_children()


def test_a_task_tells_how_far_it_is() -> None:
    heard: list[tuple[object, object]] = []

    class Listener(Watch):
        def begun(self, name: object) -> None:
            heard.append((name, "begun"))

        def advanced(self, name: object, done: float) -> None:
            heard.append((name, done))

        def ended(self, name: object) -> None:
            heard.append((name, "ended"))

    with Crew(1, Listener()) as crew:
        crew.submit(Task("a", half, ()))
        assert [answer.value for answer in crew.answers()] == ["done"]
    assert heard == [("a", "begun"), ("a", 0.5), ("a", "ended")]
