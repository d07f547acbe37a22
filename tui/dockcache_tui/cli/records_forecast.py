"""`records forecast`: what a builder's garbage collection takes next, and what another policy or a prune would take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from dockcache_tui.cli.listing import BUILDER, json_option
from dockcache_tui.cli.output import Row, narrate, print_document, print_table
from dockcache_tui.cli.reading import opened, read
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, SourceError, UsageError
from dockcache_tui.core.field import json_row
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.outlook import Going, Outlook, Way, outlooks, staying
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.policy_faults import biggest_build, faults
from dockcache_tui.core.records.policy_file import prune_rule, read_policy
from dockcache_tui.core.records.reading import Reading


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is foreseen of a reading, node by node; of a prune only what it takes itself."""

    reading: Reading
    nodes: Mapping[str, Outlook]
    prune: bool

    def rows(self) -> Iterator[tuple[ScopedRecord, Going | None, str]]:
        """Yield each record with how it goes, and when or why it stays: those that go first, in their order."""
        stay = []
        for node, found in self.nodes.items():
            for one in found.going:
                when = self._when(one)
                if when:
                    yield self.reading.by_key[one.record.key], one, when
                else:
                    stay.append(self.reading.by_key[one.record.key])
            stay += [
                one for one in self.reading.records if one.record.node == node and one.record.id not in found.by_id
            ]
        for scoped in stay:
            yield scoped, None, "stays" if self.prune else f"never: {staying(scoped.record)}"

    def _when(self, going: Going) -> str:
        if not self.prune:
            return going.when
        if going.next:
            return f"at once, {going.doubt}" if going.doubt else "at once"
        return ", or ".join(str(way) for way in going.ways if _of_a_prune(way))

    @property
    def next(self) -> list[ScopedRecord]:
        """Return what goes next, or at once."""
        return [self.reading.by_key[one.record.key] for found in self.nodes.values() for one in found.going if one.next]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Return what is wrong with the policy of each node."""
        snapshot = self.reading.snapshot
        return [
            (node, sentence)
            for node, found in self.nodes.items()
            for sentence in faults(
                found.rules,
                [one for one in snapshot.records if one.node == node],
                biggest_build(self.reading, node),
                snapshot.taken_at,
            )
        ]


def _of_a_prune(way: Way) -> bool:
    """Tell whether it is a way of what is now: a prune does not wait for age or growth."""
    return not (way.at or way.growth)


@click.command()
@BUILDER
@click.option(
    "--policy",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What another policy would take: a buildkitd.toml or Docker's daemon.json.",
)
@click.option("--prune", is_flag=True, help="What `docker buildx prune` would take; so do the options below.")
@click.option("--all", "all_", is_flag=True, help="As of that prune: also what is internal or shared.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As of that prune, such as until=24h.")
@click.option("--max-used-space", "max_used", default="", metavar="SIZE", help="As of that prune; 1GB is 1 GiB.")
@click.option("--reserved-space", "reserved", default="", metavar="SIZE", help="As of that prune.")
@click.option("--min-free-space", "min_free", default="", metavar="SIZE", help="As of that prune.")
@json_option("json.md")
def forecast(
    *,
    builder: str,
    policy: Path | None,
    prune: bool,
    all_: bool,
    filters: Sequence[str],
    max_used: str,
    reserved: str,
    min_free: str,
    as_json: bool,
) -> int:
    """Show which records garbage collection takes next.

    And when each other one would go: exact until the next build. With --policy that is by another policy, with --prune
    or its options what a prune would take. Nothing is changed.
    """
    prune = prune or all_ or any((*filters, max_used, reserved, min_free))
    if prune and policy:
        raise UsageError("a policy and a prune can't be foreseen together")
    rules: tuple[Rule, ...] | None = None
    if policy:
        rules = read_policy(policy.read_text(errors="replace"))
    elif prune:
        rules = (prune_rule(filters, all_=all_, reserved=reserved, max_used=max_used, min_free=min_free),)
    with opened(builder) as source:
        # BuildKit stamps a cache mount as used when it is first read after a build.
        wait_for(f"the records of {source.name}", source.snapshot)
        reading = read(source)
    nodes = outlooks(reading.snapshot, rules)
    if not nodes:
        raise SourceError(
            f"{reading.snapshot.builder} does not tell its policy", hint="Give one with --policy, or update BuildKit."
        )
    print_forecast(Foreseen(reading, nodes, prune), as_json=as_json)
    told = len(nodes) == len(reading.snapshot.nodes)
    return int(ExitCode.OK if told else ExitCode.FAILED)


def print_forecast(found: Foreseen, *, as_json: bool) -> None:
    """Print when each record goes, and what is wrong with the policy."""
    wrong = [] if found.prune else found.faults
    if as_json:
        items = [
            {
                **json_row(RECORD_FIELDS, scoped),
                "order": going.order if going else None,
                "goes_by": _rule(found, scoped, going.ways[0].rule) if going else None,
                "goes_at": str(going.ways[0].at) if going and going.ways[0].at else None,
                "goes_when": when if going else None,
                "stays": None if going else when.removeprefix("never: "),
            }
            for scoped, going, when in found.rows()
        ]
        sums: Row = {
            "count": len(found.next),
            "size": sum(one.record.size for one in found.next),
            "faults": [{"node": node, "text": sentence} for node, sentence in wrong],
        }
        print_document(items, sums)
        return
    several = len(found.nodes) > 1
    rows = [
        (
            str(going.order) if going else "–",
            scoped.record.id,
            *((scoped.record.node,) if several else ()),
            wording.size(scoped.record.size),
            f"rule {going.ways[0].rule}" if going and not found.prune else "–",
            when,
            scoped.title,
        )
        for scoped, going, when in found.rows()
    ]
    print_table(("ORDER", "ID", *(("NODE",) if several else ()), "SIZE", "BY", "GOES", "WHAT"), rows, right=("SIZE",))
    _tell(found, wrong)


def _rule(found: Foreseen, scoped: ScopedRecord, number: int) -> dict[str, int | str]:
    return {"rule": number, "words": str(found.nodes[scoped.record.node].rules[number - 1])}


def _tell(found: Foreseen, wrong: Sequence[tuple[str, str]]) -> None:
    size = wording.exact_size(sum(one.record.size for one in found.next))
    what = "The prune" if found.prune else "The next collection"
    for node, one in found.nodes.items():
        for number, rule in enumerate(one.rules, 1):
            narrate(f"{node}: rule {number} takes {rule}")
    taken = f"{wording.count(len(found.next), 'record')}, {size}" if found.next else "nothing"
    narrate(f"{what} takes {taken}. This is exact until the next build.")
    for node, sentence in wrong:
        narrate(f"{node}: {sentence}")
