"""Trees of plain values as dotted keys."""

from rnncli.config.config import Config
from rnncli.config.origins import Origins
from rnncli.config.overrides import override
from rnncli.config.tree import as_tree, flatten


def test_a_flattened_tree_has_dotted_keys() -> None:
    tree = as_tree(Config())
    values = flatten(tree)
    assert values["training.optimizer.kind"] == "adam"
    assert not any(isinstance(value, dict) for value in values.values())
    assert list(values)[:3] == ["name", "seed", "data.kind"]
    again: dict[str, object] = {}
    for key in values:
        assert override(again, f"{key}=null", Origins("x", {})) == []
    assert list(flatten(again)) == list(values)
