"""What `rnn bench` measures: training steps part by part, and the limits of the machine."""
