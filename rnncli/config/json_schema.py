"""The JSON schema of a config, by which editors complete and check."""

import os
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rnncli.config import SCHEMA_FILE
from rnncli.config.config import Config
from rnncli.sections import adapter, kind_of, plain

_TITLE = "A config of rnn"


def json_schema(root: type = Config) -> dict[str, Any]:
    """Return the JSON schema of a config, or of a section's class."""
    schema = adapter(root).json_schema(schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": _TITLE,
        **_inline(schema, definitions),
    }


def schema_line(folder: Path = Path()) -> str:
    """Return the comment by which an editor finds the schema of a config in `folder`.

    It names ``schema.json`` if the folder has one that ``rnn config schema > schema.json`` wrote,
    and otherwise the copy in the package. The path is relative, so that it is valid in every clone
    of a project that contains its virtual environment, and does not disclose where the project is.
    Editors do not read a path that contains a space; it is written as a URI.
    """
    path = SCHEMA_FILE.name
    if not _is_schema(folder / path):
        try:
            path = Path(os.path.relpath(SCHEMA_FILE.resolve(), folder.resolve())).as_posix()
        except (ValueError, OSError):  # Windows has no relative path to another drive.
            path = SCHEMA_FILE.as_uri()
    return f"# yaml-language-server: $schema={SCHEMA_FILE.as_uri() if ' ' in path else path}"


def _is_schema(path: Path) -> bool:
    """Return whether a file is a JSON schema of configs, not one of something else."""
    try:
        with open(path, "rb") as file:
            return _TITLE.encode() in file.read(256)
    except OSError:
        return False


class _Generator(GenerateJsonSchema):
    """Pydantic's generator without titles, with closed sections and with defaults as in YAML."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """See the base class."""
        return False

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """See the base class."""
        section = super().dataclass_schema(schema)
        section.pop("title", None)
        summary = (schema["cls"].__doc__ or "").partition("\n")[0]
        return section | {"description": summary, "additionalProperties": False}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """See the base class; a default section is written as in a config."""
        value = super().default_schema(schema)
        default = schema.get("default")
        return value | {"default": plain(default)} if is_dataclass(default) else value


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema with every reference replaced by what it refers to.

    Each section is used once, and simple readers need not follow references.
    """
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]] | node
    inlined = {key: _inline(value, definitions) for key, value in node.items() if key != "$ref"}
    default = kind_of(inlined.get("default"))
    for option in inlined.get("anyOf", ()):
        kind = option.get("properties", {}).get("kind", {}).get("const")
        if kind is not None and kind != default:
            option["required"] = ["kind", *option.get("required", ())]
    return inlined
