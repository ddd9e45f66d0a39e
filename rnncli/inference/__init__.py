"""Using a trained network: outputs, predictions, streams and evaluation."""
