"""Which rules hold in which version."""

import pytest

from core.explain.sample_ops import op, run
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.rules import agreed, possible_rules, rules_of


@pytest.mark.parametrize(
    ("older", "newer", "what"),
    [
        ("v0.12.5", "v0.13.0", {"drops_cache_ids", "selects_roots"}),
        ("v0.16.0", "v0.17.0", {"names_git_ref", "omits_zeros"}),
        ("0.24.0", "0.25.2", {"follows_top_links_only"}),
        ("v0.25.2", "v0.26.0-rc1", {"lists_paths"}),
        ("v0.33.1", "v0.34.2", {"drops_chain"}),
        ("v0.34.2", "v1.0.0", set()),
    ],
)
def test_versions_differ(older: str, newer: str, what: set[str]) -> None:
    """What changed between two versions is what the table says."""
    before, after = rules_of(older), rules_of(newer)
    assert before
    assert after
    changed = {name for name in after.__slots__ if getattr(before, name) != getattr(after, name)}
    assert changed == what


@pytest.mark.parametrize("version", ["v0.0.0+unknown", "", "dev", "73ed6825c"])
def test_no_version(version: str) -> None:
    """A version that says nothing has no rules that we could know."""
    assert rules_of(version) is None


def test_one_of_all_rules_holds() -> None:
    """Of a version that says nothing any rules may hold, and what they do not agree on is not known."""
    unknown = possible_rules("v0.0.0+unknown", ())
    assert {rules_of(f"v0.{minor}.0") for minor in range(1, 40)} == set(unknown)
    assert agreed(rules.selects_roots for rules in unknown) is None
    assert agreed(rules.selects_roots for rules in unknown if rules.drops_chain) is True


OLD = op("exec", {"meta": {}, "mounts": [{"input": 0, "dest": "/", "output": 0}]}, 1)
NEW = op("exec", {"meta": {}, "mounts": [{"dest": "/"}, {"dest": "/m", "input": 1}]}, 2)


def test_finished_builds_show_rules() -> None:
    """Zeros in a finished build's operations tell versions before 0.17 from later ones."""
    assert {rules.omits_zeros for rules in possible_rules("", [OLD])} == {False}
    assert {rules.omits_zeros for rules in possible_rules("", [NEW])} == {True}
    assert possible_rules("v0.16.0", [OLD]) == (rules_of("v0.16.0"),)
    assert possible_rules("v0.34.2", [OLD]) == ()
    assert possible_rules("v0.34.2", []) == (rules_of("v0.34.2"),)


def test_keys_that_all_rules_agree_on() -> None:
    """A RUN without a cache mount has one key whatever the version; with one it has not."""
    unknown = possible_rules("", [NEW])
    assert agreed(op_keys(run(), rules) for rules in unknown) == op_keys(run(), unknown[0])
    every = possible_rules("", ())
    cached = run([{"dest": "/c", "mountType": 3, "input": -1, "cacheOpt": {"ID": "x"}}])
    assert agreed(op_keys(cached, rules) for rules in unknown) == op_keys(cached, unknown[0])
    assert agreed(op_keys(cached, rules) for rules in every) is None
