"""The weights of a network under PyTorch's names and shapes.

PyTorch adds two biases where a network here has one: it is saved as ``bias_ih`` beside a
``bias_hh`` of zeros, and loading adds the two. A second bias that is not simply added, as in the
candidate of a GRU, is kept separately.
"""

from collections.abc import Mapping

import numpy as np

from rnncli.nn.arrays import Array
from rnncli.nn.input_stage import EMBEDDING
from rnncli.nn.network import Network
from rnncli.nn.parameters import Layout

Shapes = dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]]


def state_dict(network: Network) -> dict[str, Array]:
    """Return copies of the weights under PyTorch's names."""
    arrays = {name: np.concatenate(blocks) for name, blocks in network.arrays.items()}
    for name in [name for name in arrays if "bias_ih" in name]:
        second, separate = np.zeros_like(arrays[name]), arrays.get(_second(name), arrays[name][:0])
        second[len(second) - len(separate) :] = separate
        arrays[_second(name)] = second
    if network.architecture.tie_weights:
        arrays[EMBEDDING] = arrays["head.weight"].copy()
    return arrays


def state_dict_shapes(layout: Layout) -> Shapes:
    """Return the names of `state_dict` with the shapes and types of the arrays."""
    model = layout.architecture
    shapes = dict(layout.input_stage.shapes)
    for cell_name, size in zip(layout.cell_names, layout.input_sizes, strict=True):
        for name in model.cell.arrays:
            shapes[f"rnn.{name}_{cell_name}"] = model.cell.shape(name, size, model.hidden_size)
        if "bias_ih" in model.cell.arrays:
            first = f"rnn.bias_ih_{cell_name}"
            shapes[_second(first)] = shapes[first]
    shapes |= {"head.weight": (layout.output_size, layout.head_width)}
    shapes |= {"head.bias": (layout.output_size,)}
    return {name: (shape, np.dtype(model.dtype)) for name, shape in shapes.items()}


def load_state_dict(network: Network, arrays: Mapping[str, Array]) -> None:
    """Copy arrays under PyTorch's names into a network.

    Raises
    ------
    ValueError
        An array is missing, unknown, not finite, or of another shape or type.
    """
    expected = state_dict_shapes(network.layout)
    check_names(set(arrays), set(expected))
    for name, (shape, dtype) in expected.items():
        array = arrays[name]
        if (array.shape, array.dtype) != (shape, dtype):
            raise ValueError(
                f"{name} has shape {array.shape} and type {array.dtype}; {shape} and {dtype} were "
                "expected"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has values that are not finite")
    if network.architecture.tie_weights and not np.array_equal(
        arrays[EMBEDDING], arrays["head.weight"]
    ):
        raise ValueError(f"{EMBEDDING} and head.weight differ, but the model ties them")
    for name, blocks in network.arrays.items():
        if "bias_hh" in name:
            continue
        array = np.array(arrays[name])
        if "bias_ih" in name:
            second = np.array(arrays[_second(name)])
            separate = network.arrays.get(_second(name), ())
            summed = len(array) - sum(len(block) for block in separate)
            array[:summed] += second[:summed]
            _fill(separate, second[summed:])
        _fill(blocks, array)


def check_names(names: set[str], expected: set[str]) -> None:
    """Raise ``ValueError`` unless the names of arrays are the expected ones."""
    if missing := expected - names:
        raise ValueError(f"{min(missing)} is missing")
    if unknown := names - expected:
        raise ValueError(f"{min(unknown)} does not belong to this model")


def _second(name: str) -> str:
    return name.replace("bias_ih", "bias_hh")


def _fill(blocks: tuple[Array, ...], array: Array) -> None:
    """Copy an array into blocks that are consecutive along its first axis."""
    start = 0
    for block in blocks:
        block[...] = array[start : start + len(block)]
        start += len(block)
