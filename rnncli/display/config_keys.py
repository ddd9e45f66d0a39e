"""The reference of the config's keys, as a table."""

from collections.abc import Sequence

from rnncli.config.reference import KeyReference
from rnncli.display.table import print_table


def show_keys(keys: Sequence[KeyReference]) -> None:
    """Show keys with the kinds that have them, their defaults, values and meanings."""
    rows = [
        [key.key, ", ".join(key.kinds), key.default, f"{key.meaning}: {key.values}"] for key in keys
    ]
    print_table(["key", "kind", "default", "meaning: values"], rows, left=range(4), unwrapped=[0])
