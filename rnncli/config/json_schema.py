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


def json_schema(root: type = Config) -> dict[str, Any]:
    """Return the JSON schema of a config, or of a section's class."""
    schema = adapter(root).json_schema(schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A config of rnn",
        **_inline(schema, definitions),
    }


def schema_line(folder: Path = Path()) -> str:
    """Return the comment by which an editor finds the schema of a config in `folder`.

    It names ``schema.json`` where the folder has one, as ``rnn config schema > schema.json`` writes
    it, and else the package's own copy. The path is relative, so that it stays right in every clone
    of a project that contains its virtual environment, and tells nothing about the user's machine.
    Editors cannot read a relative path that has a space; it becomes an address.
    """
    if (folder / SCHEMA_FILE.name).is_file():
        return _comment(SCHEMA_FILE.name)
    try:
        path = Path(os.path.relpath(SCHEMA_FILE.resolve(), folder.resolve())).as_posix()
    except (ValueError, OSError):  # on another drive of Windows
        path = SCHEMA_FILE.as_uri()
    return _comment(SCHEMA_FILE.as_uri() if " " in path else path)


def _comment(address: str) -> str:
    return f"# yaml-language-server: $schema={address}"


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
