"""Policies as people write them, in words, and what is wrong with them."""

import pytest

from core.record_making import Flags, at, build, record, step
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.policy_faults import biggest_build, faults
from dockcache_tui.core.records.policy_file import prune_rule, read_policy
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot

GIB = 1 << 30
SOURCES = ("type==source.local", "type==exec.cachemount", "type==source.git.checkout")

WRITTEN = """
[worker.oci]
  reservedSpace = "10GB"
  [[worker.oci.gcpolicy]]
    filters = ["type==source.local", "type==exec.cachemount"]
    keepDuration = "336h"
    maxUsedSpace = "1.5 GiB"
  [[worker.oci.gcpolicy]]
    keepDuration = 7200
    keepBytes = 20
  [[worker.oci.gcpolicy]]
    all = true
    reservedSpace = "5g"
    minFreeSpace = "512MB"
"""


def test_a_buildkitd_toml() -> None:
    """Its rules are taken as they are written; limits beside them mean nothing then."""
    assert read_policy(WRITTEN) == (
        Rule(keep_duration=336 * 3600, max_used=GIB * 3 // 2, filters=SOURCES[:2]),
        Rule(keep_duration=7200, reserved=20),
        Rule(all=True, reserved=5 * GIB, min_free=512 << 20),
    )


def test_a_daemon_json() -> None:
    """Docker's filters become BuildKit's, in any case of letters."""
    text = """{"builder": {"gc": {"enabled": true, "policy": [
      {"keepStorage": "10GB", "filter": ["unused-for=48h", "type=source.local"]},
      {"all": true, "MaxUsedSpace": "50GB", "filter": ["id=abc"]}]}}}"""
    assert read_policy(text) == (
        Rule(keep_duration=48 * 3600, reserved=10 * GIB, filters=("type==source.local",)),
        Rule(all=True, max_used=50 * GIB, filters=("id~=abc",)),
    )


def test_limits_alone_give_the_four_rules_of_the_builder() -> None:
    """Docker's first rule has a share of what is reserved, BuildKit's a fixed limit; one limit unsets the others."""
    limits = Rule(reserved=10 * GIB, max_used=20 * GIB)
    toml = read_policy('[worker.containerd]\nreservedSpace = "10GB"\nmaxUsedSpace = "20GB"\ngckeepstorage = "1GB"')
    assert toml[0] == Rule(keep_duration=48 * 3600, max_used=512_000_000, filters=SOURCES)
    assert toml[2] == limits
    assert [rule.all for rule in toml] == [False, False, False, True]
    docker = read_policy('{"builder": {"gc": {"defaultKeepStorage": "20GB"}}}')
    assert docker[0].max_used == 2_967_302_759, "13.8 percent"
    assert docker[3] == Rule(all=True, reserved=20 * GIB)
    assert read_policy("[worker.oci]\ngc = false") == read_policy('{"builder": {"gc": {"enabled": false}}}') == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "sets no limit"),
        ("{}", "sets no limit"),
        ("[worker", "can't be read"),
        ('{"builder": ', "can't be read"),
        ("[" * 100_000, "can't be read"),
        ('{"builder": 1}', "builder is no table"),
        ('worker = "x"', "worker is no table"),
        ("[worker.oci]\ngcpolicy = [1]", "no list of rules"),
        ('[[worker.oci.gcpolicy]]\nfilters = "x"', "no list"),
        ('[[worker.oci.gcpolicy]]\nmaxUsedSpace = "20%"', "a share of the builder's disk"),
        ('[[worker.oci.gcpolicy]]\nmaxUsedSpace = "-1"', "no size"),
        (f'[[worker.oci.gcpolicy]]\nmaxUsedSpace = "{"9" * 400}"', "no size"),
        ('[[worker.oci.gcpolicy]]\nkeepDuration = "2 days"', "no duration"),
        (f'[[worker.oci.gcpolicy]]\nkeepDuration = "{"9" * 400}h"', "no duration"),
        ('{"builder": ' * 900 + "1" + "}" * 900, "no table|can't be read"),
        ('{"builder": {"gc": {"policy": [{"filter": ["type=a", "type=b"]}]}}}', "given twice"),
        ('{"builder": {"gc": {"policy": [{"filter": ["until=1h", "unused-for=1h"]}]}}}', "one filter"),
        ('{"builder": {"gc": {"policy": [{"filter": ["parents=x"]}]}}}', "passes over the filter parents"),
    ],
)
def test_a_policy_that_can_not_be_taken(text: str, words: str) -> None:
    """It is said what is wrong with it."""
    with pytest.raises(UsageError, match=words):
        read_policy(text)


def test_the_options_of_a_prune() -> None:
    """They mean what they mean to `docker buildx prune`."""
    rule = prune_rule(
        ["until=1h30m", "description~=a b", "type!=regular"], all_=True, reserved="1kb", max_used="2", min_free=""
    )
    assert rule == Rule(
        all=True, keep_duration=5400, reserved=1024, max_used=2, filters=("description~=a b,type!=regular",)
    )
    assert prune_rule([], all_=False, reserved="", max_used="", min_free="") == Rule()
    with pytest.raises(UsageError, match="is no filter of"):
        prune_rule(["private"], all_=False, reserved="", max_used="", min_free="")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(), "anything"),
        (
            Rule(keep_duration=48 * 3600, max_used=512_000_000, filters=SOURCES[:2]),
            "type==source.local or type==exec.cachemount unused for 2 days while the cache holds 512.0 MB or more",
        ),
        (
            Rule(all=True, keep_duration=90, reserved=10**10, max_used=10**11, min_free=2 * 10**10),
            (
                "anything, also what is internal or shared unused for 1m30s while the cache holds 100.0 GB or more "
                "or less than 20.0 GB of the disk is free, down to 10.0 GB"
            ),
        ),
        (Rule(reserved=10**9), "anything while the cache holds 1.0 GB or more"),
        (Rule(min_free=10**9), "anything while less than 1.0 GB of the disk is free"),
    ],
)
def test_a_rule_in_words(rule: Rule, words: str) -> None:
    """What it takes, from which age on, while what holds, and what it leaves."""
    assert str(rule) == words


GOOD = (Rule(keep_duration=86_400), Rule(max_used=100), Rule(all=True, reserved=20, max_used=100, min_free=5))


def told(*rules: Rule, biggest: int = 50) -> list[str]:
    """Return what is wrong with a policy on a cache of an old mount."""
    mount = record("m", size=7, used=1, what=("exec.cachemount", ""), flags=Flags(mutable=True))
    return list(faults(rules, [mount], biggest, at(10**6)))


def test_nothing_is_wrong_with_a_good_policy() -> None:
    """Ages, limits, a last resort, the free disk once."""
    assert told(*GOOD) == []


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((), "is off"),
        ((Rule(filters=("type=x",), max_used=1), *GOOD), "can't read rule 1"),
        ((Rule(filters=("id~=(a+)+",), max_used=1), *GOOD), "not known what goes"),
        ((Rule(min_free=5, max_used=9, filters=("private",)), *GOOD), "Rules 1, 4 each ask for free disk"),
        ((Rule(keep_duration=9, reserved=9, max_used=5), *GOOD), "Rule 1 reserves 9 B, more than the 5 B"),
        ((Rule(), *GOOD), "Rule 1 has no condition"),
        ((*GOOD[:2], Rule(all=True, min_free=5)), "Rule 3 asks only for free disk"),
        (GOOD[:1], "may grow without end"),
        (GOOD[:2], "what is internal is never taken"),
        ((*GOOD, Rule(max_used=99)), "less than twice the biggest build"),
    ],
)
def test_what_is_wrong_with_a_policy(rules: tuple[Rule, ...], words: str) -> None:
    """Each fault is told, and only that."""
    (sentence,) = told(*rules)
    assert words in sentence


def test_what_an_upgrade_changes() -> None:
    """The old default asked for three types at once and took nothing; it is told what goes when it is split."""
    old = Rule(keep_duration=48 * 3600, max_used=5, filters=(",".join(SOURCES),))
    (sentence,) = told(old, *GOOD[1:])
    assert sentence.endswith("Of this cache that is now 1 record, 7 B.")
    assert "or type==exec.cachemount or" in sentence
    assert told(Rule(keep_duration=1, filters=("type==a,mutable",)), *GOOD) == []


def test_the_biggest_build_is_what_it_made_and_used_with_all_below() -> None:
    """Records that no build is known for count with those that stand on them; another node's do not."""
    records = (
        record("base", size=100, created=-50),
        record("a", "base", size=10, created=5, used=5, what=("regular", "[1/1] RUN a")),
        record("b", size=60, created=25, used=25, what=("regular", "[1/1] RUN b")),
        record("far", node="node1", size=1000, created=5, used=5, what=("regular", "[1/1] RUN a")),
    )
    builds = [
        build(name, at_, at_ + 10, "main", step(f"[1/1] RUN {name}", at_, at_ + 9))
        for name, at_ in (("a", 1), ("b", 21))
    ]
    reading = Reading.of(BuilderSnapshot("builder", "remote", (), records, at(100)), builds)
    assert biggest_build(reading, "node0") == 110
    assert biggest_build(reading, "node2") == 0
