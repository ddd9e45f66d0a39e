"""What stands literally in the training text is found, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.datasets.text import Text, text_of_documents
from rnncli.inference import quotations
from rnncli.inference.quotations import quoted_documents, quoted_ngrams

symbols = st.lists(st.integers(0, 2), max_size=40).map(lambda values: np.array(values, np.uint16))


@given(text=symbols, samples=st.lists(symbols, min_size=1, max_size=4), length=st.integers(1, 6))
def test_the_share_of_ngrams(text: np.ndarray, samples: list[np.ndarray], length: int) -> None:
    def ngrams(values: np.ndarray) -> list[tuple[int, ...]]:
        return [tuple(values[i : i + length]) for i in range(len(values) - length + 1)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotations, "_AT_ONCE", 7)  # n-grams across the borders count too
        shares = quoted_ngrams(samples, Text(text, "x"), length)
    known = set(ngrams(text))
    for sample, share in zip(samples, shares, strict=True):
        own = ngrams(sample)
        assert share == (sum(one in known for one in own) / len(own) if own else None)


@given(documents=st.lists(symbols, min_size=1, max_size=8), sample=symbols)
def test_whole_documents(documents: list[np.ndarray], sample: np.ndarray) -> None:
    documents = [document + 1 for document in documents]
    text = text_of_documents(documents, 0, "x")
    found = quoted_documents([sample + 1, documents[0]], text)
    is_document = any(np.array_equal(sample + 1, document) for document in documents)
    assert found == [float(is_document), 1.0]
