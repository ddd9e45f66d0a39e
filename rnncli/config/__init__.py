"""YAML files to validated configs, and back."""

from pathlib import Path

# The JSON schema of a config, as `reference.json_schema` makes it.
SCHEMA_FILE = Path(__file__).parent / "schema.json"
