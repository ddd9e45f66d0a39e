"""Where the value of each key of a config comes from: a line of the file or an option."""

from dataclasses import dataclass, field

from rnncli.config.tree import KeyPath


@dataclass
class Origins:
    """Where the values of a config come from, for error messages and relative paths.

    Attributes
    ----------
    source : str
        The file's name.
    lines : dict of key path to int
        The line of each key in the file.
    options : dict of key path to str
        The command-line option that set a key.
    """

    source: str
    lines: dict[KeyPath, int]
    options: dict[KeyPath, str] = field(default_factory=dict)

    def option(self, path: KeyPath) -> str | None:
        """Return the option that set a key, its section, or a key in it; None for the file."""
        for key, option in self.options.items():
            shared = min(len(key), len(path))
            if shared and key[:shared] == path[:shared]:
                return option
        return None

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of its section if it is missing; 0 if both are missing."""
        prefixes = (path[:length] for length in range(len(path), -1, -1))
        return next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), 0)

    def located(self, path: KeyPath, problem: str) -> tuple[int, str]:
        """Return the line of a problem for sorting, and the problem with its place before it."""
        option, line = self.option(path), self.line(path)
        if option or not line:
            return 0, f"{option or self.source}: {problem}"
        return line, f"{self.source}:{line}: {problem}"
