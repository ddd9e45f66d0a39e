"""``rnn init``: a config suggested for a data file."""
