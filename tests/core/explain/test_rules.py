"""Which rules hold in which version."""

import pytest

from dockcache_tui.core.explain.rules import agreed, all_rules, rules_of


@pytest.mark.parametrize(
    ("older", "newer", "what"),
    [
        ("v0.12.5", "v0.13.0", {"drops_cache_ids", "selects_roots"}),
        ("v0.16.0", "v0.17.0", {"names_git_ref"}),
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
    """Any version's rules are among all of them, and what they do not agree on is not known."""
    assert {rules_of(f"v0.{minor}.0") for minor in range(1, 40)} == set(all_rules())
    assert agreed(rules.selects_roots for rules in all_rules()) is None
    assert agreed(rules.selects_roots for rules in all_rules() if rules.drops_chain) is True
