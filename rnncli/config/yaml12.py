"""YAML with the scalars of YAML 1.2, read strictly, with the line of every key.

PyYAML follows YAML 1.1, where ``no`` is false, ``1:30`` is 90 and ``1e-3`` is text. Aliases, merge
keys, tags, duplicate keys, several documents and deep nesting are refused.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from rnncli.errors import InputError

# A config of all keys takes 2 KiB; the limit bounds the time that an untrusted file can take.
MAX_BYTES = 1 << 16
# A config has 4 levels; the limit keeps the recursive parser from exhausting the stack.
_MAX_DEPTH = 32
_PREFIX = "tag:yaml.org,2002:"
# Each type with its pattern and the characters with which its scalars begin; "" is no character.
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)\.[0-9]*|(0|[1-9][0-9]*)(?=[eE]))([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+0123456789."),
    ),
)


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(event, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None):
            raise _refused(event, "tags are not allowed; write the plain value")
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _refused(event, f"nested deeper than {_MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Dumper(yaml.SafeDumper):
    pass


for _class in (_Loader, _Dumper):
    _class.yaml_implicit_resolvers = {}  # PyYAML's are those of YAML 1.1.
    for _name, _pattern, _first_characters in _SCALARS:
        _regexp = re.compile(f"(?:{_pattern})$")
        _class.add_implicit_resolver(_PREFIX + _name, _regexp, _first_characters)


def _refused(event: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


@dataclass
class Document:
    """A YAML mapping as plain values.

    Attributes
    ----------
    tree : dict
        The plain values.
    lines : dict of tuple of str to int
        The line of each key, by its path.
    problems : list of (int, str)
        Line and message of mistakes after which reading continued.
    """

    tree: dict[str, Any]
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def load(text: bytes | str, name: str) -> Document:
    """Read a YAML mapping.

    Raises
    ------
    InputError
        The text is not valid YAML, or uses a feature that is refused; with the line.
    """
    if len(text) > MAX_BYTES:
        raise InputError(f"{name}: is larger than 64 KiB, the limit for a config")
    node = _compose(text, name)
    document = Document({})
    if node is None:
        return document
    if not isinstance(node, yaml.MappingNode):
        raise InputError(f"{name}:1: a mapping such as 'seed: 0' was expected")
    document.tree = _value(node, (), document)
    return document


def scalar(text: str) -> Any:
    """Return the value of YAML text, such as the value in ``--set KEY=VALUE``."""
    document = Document({})
    node = _compose(text, "value")
    value = "" if node is None else _value(node, (), document)
    if document.problems:
        raise InputError(*(f"value: {problem}" for _, problem in document.problems))
    return value


def dump(tree: dict[str, Any]) -> str:
    """Return a tree as YAML text that `load` reads back unchanged."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False)


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    for style in (None, '"'):  # Only a quoted text can hold line breaks on one line.
        text = yaml.dump(
            [value], Dumper=_Dumper, default_flow_style=True, width=1 << 20, default_style=style
        )
        if "\n" not in text.strip():
            break
    return text.strip()[1:-1]


def _compose(text: bytes | str, name: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{name}:{line}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{name}: is not valid YAML in UTF-8 ({reason})") from None
    return node


def _value(node: yaml.Node, path: tuple[str, ...], document: Document) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, str(i)), document) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    kind, text = node.tag.removeprefix(_PREFIX), node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return _whole_number(text, node, document)
    if kind == "float":
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        document.problems.append((node.start_mark.line + 1, "a lone surrogate is not valid text"))
    return text


def _whole_number(text: str, node: yaml.Node, document: Document) -> int:
    try:
        number = int(text, 0)
        str(number)
        return number
    except ValueError:
        document.problems.append((node.start_mark.line + 1, "the number has too many digits"))
        return 0


def _mapping(node: yaml.MappingNode, path: tuple[str, ...], document: Document) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append((line, "a key is not a scalar; a plain word was expected"))
            continue
        key = key_node.value
        if key == "<<":
            document.problems.append((line, "<<: merge keys are not allowed; write the keys out"))
        elif key in tree:
            first = document.lines[*path, key]
            dotted = ".".join((*path, key))
            document.problems.append(
                (line, f"{dotted}: duplicate key (first in line {first}); keep one")
            )
        else:
            tree[key] = _value(value_node, (*path, key), document)
            document.lines[*path, key] = line
    return tree
