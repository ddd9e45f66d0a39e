"""Functions run on several cores, and the number of cores can be limited."""

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.cores import VARIABLE, Task, _quota, limited_to, num_cores, run_tasks, run_together


def test_the_variable_and_a_limit_set_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "7")
    assert num_cores() == 7
    with limited_to(3):
        assert num_cores() == 3
        with limited_to(5):
            assert num_cores() == 5
        assert num_cores() == 3
    assert num_cores() == 7
    monkeypatch.delenv(VARIABLE)
    with limited_to(1):
        assert num_cores() == 1


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
def test_every_function_runs_once_in_at_most_so_many_threads(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(cores))
    calls, threads = list[int](), set[int]()

    def task(number: int) -> None:
        calls.append(number)
        threads.add(threading.get_ident())

    run_together([lambda number=number: task(number) for number in range(5)])
    assert sorted(calls) == [0, 1, 2, 3, 4]
    assert len(threads) <= cores


def test_functions_really_run_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    barrier = threading.Barrier(3, timeout=60)
    run_together([barrier.wait] * 3)  # raises, unless all three wait at the same time


@pytest.mark.parametrize("cores", ["1", "2", "4"])
@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_an_error_is_raised_when_all_have_ended(
    cores: str, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, cores)

    def fail() -> None:
        raise ValueError("wrong")

    tasks = [lambda: None] * 4
    tasks[wrong] = fail
    with pytest.raises(ValueError, match="wrong"):
        run_together(tasks)
    run_together([lambda: None] * 4)


GRAPHS = st.integers(1, 12).flatmap(
    lambda count: st.tuples(*(st.sets(st.sampled_from(range(i))) for i in range(1, count)))
)


@given(GRAPHS, st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_a_task_begins_when_those_that_it_needs_have_ended(
    needed: tuple[set[int], ...], cores: int
) -> None:
    ended = list[int]()
    graph = dict(enumerate([set[int](), *needed]))

    def run(number: int) -> None:
        assert graph[number] <= set(ended)
        time.sleep(0)  # lets another thread run
        ended.append(number)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv(VARIABLE, str(cores))
        run_tasks({number: Task(partial(run, number), graph[number]) for number in graph})
    assert sorted(ended) == sorted(graph)
    if cores == 1:
        assert ended == sorted(graph)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("cores", ["1", "2", "4"])
def test_what_needs_a_failed_task_does_not_begin(
    cores: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, cores)
    begun = list[str]()

    def fail() -> None:
        raise error

    tasks = {
        "first": Task(partial(begun.append, "first")),
        "failed": Task(fail, ["first"]),
        "after": Task(partial(begun.append, "after"), ["failed"]),
    }
    with pytest.raises(error):
        run_tasks(tasks)
    assert begun == ["first"]


def test_of_several_errors_that_of_the_first_task_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    barrier = threading.Barrier(2, timeout=60)

    def fail(delay: float, message: str) -> None:
        barrier.wait()
        time.sleep(delay)
        raise ValueError(message)

    with pytest.raises(ValueError, match="first"):
        run_together([partial(fail, 0.1, "first"), partial(fail, 0, "second")])


def test_threads_handle_numeric_errors_as_their_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    one, zero = np.ones(1), np.zeros(1)
    with np.errstate(divide="ignore"):
        run_together([lambda: one / zero] * 2)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        run_together([lambda: None, lambda: one / zero])


def test_what_functions_run_together_runs_on_one_core_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    seen = list[int]()

    def inner() -> None:
        seen.append(num_cores())

    def outer() -> None:
        seen.append(num_cores())
        run_together([inner] * 3)  # would wait for itself if it used the same threads

    run_together([outer] * 3)
    assert seen == [1] * 12
    assert num_cores() == 3


FORK = """
import os
from rnncli.cores import run_together
run_together([lambda: None] * 2)
child = os.fork()
if child == 0:
    run_together([lambda: None] * 2)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_has_threads_of_its_own() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        env=os.environ | {VARIABLE: "2"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.stdout, result.stderr) == ("7\n", "")


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 4096),
        ({"quota": "300000", "period": "100000"}, 3),
        ({"quota": "-1", "period": "100000"}, 4096),
        ({}, 4096),
    ],
)
def test_the_limit_of_a_control_group_is_kept(
    files: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    paths = [("cpu.max",), ("quota", "period")]
    quotas = tuple(tuple(str(tmp_path / name) for name in names) for names in paths)
    monkeypatch.setattr("rnncli.cores._QUOTAS", quotas)
    assert _quota.__wrapped__() == cores
