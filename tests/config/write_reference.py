"""Write what is generated from the config's classes: the JSON schema, and the page of the guide.

    python tests/config/write_reference.py

Run it after a config key was added or changed. What precedes the first table of the page is written
by hand and stays as it is.
"""

import json
from pathlib import Path

import rnncli
from rnncli.config import SCHEMA_FILE
from rnncli.config.json_schema import json_schema
from rnncli.config.reference import markdown_reference

PAGE = Path(rnncli.__file__).parent / "guide" / "config.md"


def schema_text() -> str:
    """Return the text of the shipped JSON schema."""
    return json.dumps(json_schema(), indent=2) + "\n"


def page_text() -> str:
    """Return the text of the page with the current reference."""
    reference = markdown_reference()
    heading = reference.partition("\n")[0]
    return PAGE.read_text(encoding="utf-8").partition(heading)[0] + reference


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(page_text(), encoding="utf-8")
