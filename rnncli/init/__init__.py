"""``rnn init``: a config proposed for a data file."""
