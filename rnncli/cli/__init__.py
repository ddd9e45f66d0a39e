"""The command line: one file per command, which parses the options and shows the result."""
