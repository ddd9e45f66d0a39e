"""The NumPy calls of a training step: how many, the matrix products, and the bytes of the others.

The arrays of a network are made instances of a subclass of `numpy.ndarray` that sees each call on
its instances (NumPy Enhancement Proposals 13 and 18). So the record is right for any cell.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnncli.nn.arrays import Array

R = TypeVar("R")


class Product(NamedTuple):
    """A matrix product of a training step.

    Attributes
    ----------
    function : callable
        `numpy.dot` or `numpy.matmul`.
    a, b : array
        Its factors: those of the step, with their values.
    out : array
        A place for the result, which products of one shape share: were it that of the step, a
        repeated product could be one of larger and larger numbers.
    """

    function: Callable[[Array, Array, Array], Array]
    a: Array
    b: Array
    out: Array

    @property
    def flops(self) -> int:
        """The number of its operations."""
        return 2 * int(self.out.size) * int(self.a.shape[-1])


class Recorder:
    """Records the calls of a step; it is an observer of the step's parts.

    Attributes
    ----------
    num_calls : int
        How many functions of NumPy were called on arrays of the network.
    products : dict of str to list of Product
        The matrix products, by the part of the step.
    bytes_of_passes : dict of str to int
        The size of the operands and results of all other calls, by the part of the step.
    """

    def __init__(self) -> None:
        self.part = ""
        self.clear()
        self._outs: dict[Any, Array] = {}

    def clear(self) -> None:
        """Forget all calls so far."""
        self.num_calls = 0
        self.products: dict[str, list[Product]] = {}
        self.bytes_of_passes: dict[str, int] = {}

    def call(self, part: str, function: Callable[..., R], *arguments: Any) -> R:
        """See `rnncli.bench.clock.Observer.call`."""
        before, self.part = self.part, part
        try:
            return function(*arguments)
        finally:
            self.part = before

    def add_product(self, function: Callable[..., Any], a: Array, b: Array, shape: Any) -> None:
        """Record a matrix product."""
        self.num_calls += 1
        key = (shape, a.dtype)
        if key not in self._outs:
            self._outs[key] = np.ndarray(shape, a.dtype)
        product = Product(function, a, b, self._outs[key])
        self.products.setdefault(self.part, []).append(product)

    def add_pass(self, *operands: Any) -> None:
        """Record any other call; operands that are no arrays do not count."""
        self.num_calls += 1
        size = sum(operand.nbytes for operand in operands if isinstance(operand, np.ndarray))
        self.bytes_of_passes[self.part] = self.bytes_of_passes.get(self.part, 0) + size

    @contextmanager
    def new_arrays(self) -> Iterator[None]:
        """Let all arrays that are allocated meanwhile be recorded, and all views of them."""
        array_class = _array_class(self)
        names = ("empty", "zeros")
        originals = [getattr(np, name) for name in names]

        def recorded(allocate: Callable[..., Array]) -> Callable[..., Array]:
            return lambda *arguments, **keys: allocate(*arguments, **keys).view(array_class)

        for name, original in zip(names, originals, strict=True):
            setattr(np, name, recorded(original))
        try:
            yield
        finally:
            for name, original in zip(names, originals, strict=True):
                setattr(np, name, original)


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, np.ndarray) else value


def _array_class(recorder: Recorder) -> type[np.ndarray]:
    """Return the class of arrays whose calls a recorder sees."""

    class RecordedArray(np.ndarray):
        def __array_ufunc__(
            self, ufunc: np.ufunc, method: Any, *inputs: Any, out: Any = (), **keys: Any
        ) -> Any:
            operands, results = [*map(_plain, inputs)], tuple(map(_plain, out))
            if results:
                keys["out"] = results
            result = getattr(ufunc, method)(*operands, **keys)
            if ufunc is np.matmul:
                recorder.add_product(ufunc, operands[0], operands[1], result.shape)
            else:
                recorder.add_pass(*operands, *(results or (result,)))
            if out:
                return out[0]
            return result.view(RecordedArray) if isinstance(result, np.ndarray) else result

        def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
            result = super().__array_function__(func, types, args, kwargs)
            if func is np.dot:
                recorder.add_product(func, _plain(args[0]), _plain(args[1]), np.shape(result))
            return result

        def __setitem__(self, key: Any, value: Any) -> None:
            super().__setitem__(key, value)
            recorder.add_pass(value, self[key])

    return RecordedArray
