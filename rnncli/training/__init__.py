"""Training: settings, optimizers, schedules and the training loop."""
