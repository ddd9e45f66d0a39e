"""Functions run on several cores, and the number of cores can be limited."""

import threading

import numpy as np
import pytest

from rnncli.cores import VARIABLE, limited_to, num_cores, run_together


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
