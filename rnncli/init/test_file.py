"""The test file beside a training file, recognized by its name."""

from pathlib import Path


def test_file_of(path: Path) -> Path | None:
    """Return the test file in the folder of a training file, if there is one.

    It is named with TEST for TRAIN, or ``name_test``.
    """
    stem, dot, extension = path.name.partition(".")
    pairs = (("TRAIN", "TEST"), ("Train", "Test"), ("train", "test"))
    names = [test.join(stem.rsplit(train, 1)) for train, test in pairs if train in stem]
    for name in names or [f"{stem}_test", f"{stem}_TEST"]:
        candidate = path.with_name(name + dot + extension)
        if candidate.is_file() and candidate != path:
            return candidate
    return None
