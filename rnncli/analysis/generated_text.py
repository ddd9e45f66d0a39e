"""Generated text compared with the training text of its model."""

import numpy as np

from rnncli.analysis.language_models import training_text
from rnncli.datasets.vocabulary import Unit
from rnncli.errors import InputError
from rnncli.inference.quotations import quoted_documents, quoted_ngrams
from rnncli.inference.sampling import Sample, vocabulary_of_language_model
from rnncli.runs.saved_model import SavedModel

# The symbols of the n-grams that are looked up in a continuous text.
NGRAM_LENGTHS: dict[Unit, int] = {"char": 20, "word": 5}


def quoted_shares(saved: SavedModel, samples: list[Sample]) -> list[float | None] | None:
    """Return for each sample the share of it that stands literally in the training text.

    It is the share of its n-grams, or for a document, with its prime, 1 or 0. Without a run, or if
    its text can no longer be read, None is returned.
    """
    if saved.run is None:
        return None
    try:
        text = training_text(saved)
    except InputError:
        return None
    vocabulary = vocabulary_of_language_model(saved.model)
    symbols = [sample.symbols for sample in samples]
    if text.starts is not None:
        prime = vocabulary.encode(samples[0].prime)
        return list(quoted_documents([np.concatenate([prime, own]) for own in symbols], text))
    return quoted_ngrams(symbols, text, NGRAM_LENGTHS[vocabulary.unit])
