"""The same training steps in PyTorch and in JAX, which only `rnn bench --peers` imports."""
