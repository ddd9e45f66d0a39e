"""``python -m rnncli`` is the command ``rnn``."""

from rnncli.cli.main import main

if __name__ == "__main__":
    main()
