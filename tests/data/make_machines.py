"""Write ``machines.csv``: temperatures of machines over twelve hours, which rise if they are worn.

    python tests/data/make_machines.py

The data is synthetic. Its form is that of many real files: an identifier, a date, semicolons,
decimal commas and a label as text.
"""

from pathlib import Path

import numpy as np

NUM_MACHINES, NUM_HOURS = 200, 12


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(0)
    hours = np.arange(NUM_HOURS)
    lines = [";".join(["machine", "installed", *(f"t{hour}" for hour in hours), "status"])]
    for number in range(1, NUM_MACHINES + 1):
        is_worn = rng.random() < 0.5
        level, slope = rng.normal(20, 2), rng.normal(0.4 if is_worn else 0, 0.1)
        noise = rng.normal(0, 0.4, NUM_HOURS)
        day = f"20{rng.integers(18, 24)}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"
        temperatures = [f"{t:.1f}".replace(".", ",") for t in level + slope * hours + noise]
        status = "worn" if is_worn else "ok"
        lines.append(";".join([f"M{number:03}", day, *temperatures, status]))
    Path(__file__).with_name("machines.csv").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
