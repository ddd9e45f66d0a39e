"""What can be found out about a run, a weights file or a config."""
