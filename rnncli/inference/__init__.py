"""Using a trained network: outputs, predictions, streams, evaluation and baselines."""
