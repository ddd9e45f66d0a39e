"""Training: optimizers, schedules, the loop, and what a trained model does."""
