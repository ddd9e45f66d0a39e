"""A model of texts from Python and in streams, and its gradients."""

from pathlib import Path

import numpy as np
import pytest

import rnncli
from rnncli.datasets.input_spec import InputSpec
from rnncli.datasets.task import Task
from rnncli.datasets.vocabulary import Vocabulary
from rnncli.errors import InputError
from rnncli.gradients.gradcheck import gradcheck
from rnncli.inference.model import Model
from rnncli.inference.stream import Stream
from rnncli.nn.batch import Batch
from rnncli.nn.cells import CELLS
from rnncli.nn.losses import LOSSES
from rnncli.nn.network import Architecture, Network

TEXTS = ["Anna", "Bo", "xyz", "nanananana"]
CLASSES = Task("multiclass", ("a", "b", "c"))
VALUES = Task("regression", (), (5.0,), (2.0,))


def model_of(task: Task = CLASSES, unit: str = "char", **keys: object) -> Model:
    symbols = ("<unk>", "A", "B", "a", "n", "o") if unit == "char" else ("<unk>", "it", "is")
    vocabulary = Vocabulary(symbols, unit)
    architecture = Architecture(
        CELLS["gru"](), hidden_size=6, embedding_size=4, dtype="float64", **keys
    )
    network = Network(architecture, len(vocabulary), task.output_size)
    network.initialize(np.random.default_rng(0))
    return Model(network, task, None, InputSpec(1, 10, vocabulary=vocabulary, text_column="name"))


@pytest.mark.parametrize("keys", [{}, {"bidirectional": True, "num_layers": 2, "pooling": "mean"}])
def test_each_text_is_predicted_as_if_it_were_alone(keys: dict[str, object]) -> None:
    model = model_of(**keys)
    together = model.predict_proba(TEXTS)
    assert together.shape == (4, 3)
    alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-14)
    for same in (tuple(TEXTS), np.array(TEXTS), np.array(TEXTS, object), [f" {t} " for t in TEXTS]):
        np.testing.assert_array_equal(model.predict_proba(same), together)
    expected = [CLASSES.labels[i] for i in together.argmax(axis=1)]
    assert model.predict(TEXTS).tolist() == expected


def test_unknown_symbols_are_all_the_same() -> None:
    outputs = model_of().outputs(["xyz", "\U0001f600!?", "aaa"])
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.allclose(outputs[0], outputs[2])


def test_texts_too_long_to_unroll_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of()
    texts = ["anna" * 50, "bo" * 3]
    whole = model.outputs(texts)
    monkeypatch.setattr("rnncli.inference.outputs._MAX_BYTES_UNROLLED", 1)
    np.testing.assert_allclose(model.outputs(texts), whole, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        ("Anna", r"x is 'Anna' \(type str\); a list of texts, such as \['a text'\], was expected"),
        ([], r"x is \[\] \(type list\); a list of texts"),
        (7, r"x is 7 \(type int\); a list of texts"),
        (None, r"x is None \(type NoneType\)"),
        ([1.5, 2.5], r"x\[0\] is 1.5 \(type float\); the model reads texts"),
        (["Anna", None], r"x\[1\] is None"),
        (np.zeros((2, 3, 1)), r"x\[0\] is \[\[0.0\], \[0.0\], \[0.0\]\] \(type list\)"),
        (np.array(3), r"x is array\(3\) \(type ndarray\)"),
        (["Anna", "  "], r"x\[1\]: the text is empty"),
        (["\ud800"], r"x\[0\]: has characters that are not valid; valid text was expected"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(x: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        model_of().predict(x)


def test_a_model_of_numbers_refuses_texts() -> None:
    network = Network(Architecture(hidden_size=4), 1, 3)
    model = Model(network, CLASSES, None, InputSpec(1, 10))
    with pytest.raises(InputError, match=r"x has shape \(4,\)"):
        model.predict(TEXTS)


def test_a_language_model_has_no_labels() -> None:
    model = model_of(Task("next_symbol", num_symbols=6), output="every_step")
    with pytest.raises(InputError, match="language model, which has no labels"):
        model.predict(TEXTS)
    with pytest.raises(InputError, match="language model, which predicts no labels"):
        Stream(model)


def test_a_stream_ends_with_the_prediction_for_the_whole_text() -> None:
    model = model_of()
    stream = Stream(model)
    pieces = [stream.continue_with(piece) for piece in ("An", "n", "a")]
    np.testing.assert_allclose(pieces[0].probabilities, model.predict_proba(["An"]), atol=1e-14)
    np.testing.assert_allclose(pieces[2].probabilities, model.predict_proba(["Anna"]), atol=1e-14)
    stream.reset()
    again = stream.continue_with("Bo")
    np.testing.assert_allclose(again.probabilities, model.predict_proba(["Bo"]), atol=1e-14)
    words = Stream(model_of(unit="word"))
    with pytest.raises(ValueError, match="no words"):
        words.continue_with("   ")


@pytest.mark.parametrize(
    "task", [CLASSES, Task("binary", ("f", "m")), VALUES], ids=lambda t: t.kind
)
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_the_gradient_of_a_model_of_texts_is_exact(task: Task, pooling: str) -> None:
    model = model_of(task, pooling=pooling, bidirectional=True, num_layers=2)
    x = np.array([[0, 0, 1, 4, 4, 3], [1, 2, 3, 4, 5, 0], [0, 0, 0, 0, 2, 5]])[:, :, np.newaxis]
    y = np.array([[0.0], [1.0], [1.0]])
    batch = Batch(x.astype(np.int32), y, np.array([4, 6, 2]))
    checks = gradcheck(model.network, LOSSES[task.loss], batch)
    arrays = {check.name: check for check in checks}
    assert "embedding.weight" in arrays
    assert all(check.max_relative_error <= 1e-12 for check in arrays.values()), arrays


def test_training_from_python(tmp_path: Path) -> None:
    rows = [f"{first}{middle}{last},{last}" for first in "xyz" for middle in "pqr" for last in "ab"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["text,end", *rows]) + "\n")
    data = {"kind": "csv", "path": path, "text_column": "text", "label_column": "end"}
    model = rnncli.train({"data": data, "training": {"num_epochs": 30}})
    assert model.network.architecture.embedding_size == 32
    assert model.predict(["zpa", "zpb", "ra"]).tolist() == ["a", "b", "a"]
