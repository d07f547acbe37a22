"""What took records of a real daemon, staged in every way: the truth is named, and no guess is certain."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from dockcache_tui.core.records.prune import frees
from dockcache_tui.core.records.tombstone import Certainty, LossKind, Tombstone
from dockcache_tui.lab import engine as lab
from engine.losing import ROOMY, Loser, losing

GC, PRUNE, RESTART, OTHER_ROOT = LossKind.GC, LossKind.PRUNE, LossKind.RESTART, LossKind.OTHER_ROOT
_PASS = 75.0
"""Seconds within which a garbage collection comes."""


MISSED, WRONG = "not named", "a guess told as certain"


@dataclass(frozen=True)
class Staged:
    """A loss, what truly took it, and what was told of it."""

    how: str
    truth: LossKind | None
    found: tuple[Tombstone, ...]

    @property
    def verdict(self) -> str:
        """Return how the truth was told, or that nothing went."""
        if not self.found:
            return "nothing went"
        if any(self.truth not in {cause.kind for cause in one.causes} for one in self.found):
            return MISSED
        certain = {cause.kind for one in self.found for cause in one.causes if cause.certainty is Certainty.CERTAIN}
        if certain - {self.truth}:
            return WRONG
        told = {(cause.kind, cause.certainty) for one in self.found for cause in one.told}
        if certain:
            return "known"
        if (self.truth, Certainty.FITS) in told:
            return "fits alone" if len(told) == 1 else "fits, among others"
        return "possible, others fit" if Certainty.FITS in {certainty for _, certainty in told} else "possible"


def ours(one: Loser) -> None:
    """Prune a record with all that stands on it, as we do."""
    records = one.builder().snapshot().records
    chosen = one.random.choice([each for each in records if each.type == "regular"])
    assert one.builder().prune(frees(records, chosen.key).records).freed


def by_id(one: Loser) -> None:
    """Prune one record of nobody's choice."""
    leaves = {each.id for each in one.builder().snapshot().records}
    for each in one.builder().snapshot().records:
        leaves -= set(each.parents)
    one.prune("--all", "--filter", f"id={one.random.choice(sorted(leaves))}")


def limited(flag: str, *more: str) -> Callable[[Loser], None]:
    """Return a prune down to a random share of what is there."""

    def prune(one: Loser) -> None:
        total = sum(each.size for each in one.builder().snapshot().records)
        one.prune(*more, flag, str(round(total * one.random.uniform(0.3, 0.8))))

    return prune


def pruned(*words: str) -> Callable[[Loser], None]:
    """Return a prune with options."""
    return lambda one: one.prune(*words)


def made_anew(one: Loser) -> None:
    """Begin with an empty root."""
    one.stop()
    one.forget()
    one.start()


def broken(one: Loser) -> None:
    """Lose the daemon's own account of its records, as a crash may."""
    one.stop()
    one.forget("runc-overlayfs/metadata_v2.db")
    one.start()


def restarted(*rules: str) -> Callable[[Loser], None]:
    """Return a restart with other rules, which are applied a second later."""

    def start(one: Loser) -> None:
        one.stop()
        one.start(rules)
        _wait_for_loss(one, 20)

    return start


STAGES: tuple[tuple[str, LossKind, Callable[[Loser], None]], ...] = (
    ("our prune", PRUNE, ours),
    ("prune", PRUNE, pruned()),
    ("prune --all", PRUNE, pruned("--all")),
    ("prune --filter type=source.local", PRUNE, pruned("--filter", "type=source.local")),
    ("prune --filter type=exec.cachemount", PRUNE, pruned("--filter", "type=exec.cachemount")),
    ("prune --filter type=regular", PRUNE, pruned("--filter", "type=regular")),
    ("prune --filter until=4s", PRUNE, pruned("--filter", "until=4s")),
    ("prune --max-used-space", PRUNE, limited("--max-used-space")),
    ("prune --reserved-space", PRUNE, limited("--reserved-space")),
    ("prune --all --max-used-space", PRUNE, limited("--max-used-space", "--all")),
    ("prune --filter id=", PRUNE, by_id),
    ("another root", OTHER_ROOT, made_anew),
    ("a restart that lost its records", RESTART, broken),
)
COLLECTED = (
    ("restart, all rules", ("all = true\nkeepDuration = 1",)),
    ("restart, sources", ('filters = ["type==source.local"]',)),
    ("restart, small limit", ('maxUsedSpace = "400KB"',)),
    ("restart, reserved", ('reservedSpace = "300KB"',)),
    ("restart, full disk", ('minFreeSpace = "100%"\nreservedSpace = "200KB"',)),
    (
        "restart, two rules",
        ('filters = ["type==source.local"]\nkeepDuration = 1', 'all = true\nmaxUsedSpace = "400KB"'),
    ),
)


def _wait_for_loss(one: Loser, seconds: float) -> None:
    """Wait until there are fewer records, and then until no more go; that none go is for the test to see."""
    begun, numbers = time.monotonic(), [len(one.builder().snapshot().records)]
    while numbers[-1] >= numbers[0] and time.monotonic() - begun < seconds:
        time.sleep(0.3)
        numbers.append(len(one.builder().snapshot().records))
    while len(numbers) < 2 or numbers[-1] != numbers[-2]:
        time.sleep(1)
        numbers.append(len(one.builder().snapshot().records))


def _filled(one: Loser) -> None:
    """Have some projects built, of different ages, and their records seen."""
    for number in range(one.random.randint(2, 3)):
        one.make(mount=number == 1)
        time.sleep(one.random.uniform(0, 2))
    if one.random.random() < 0.5:
        one.build(one.random.choice(one.projects[-2:]))


def _staged(one: Loser, *, anew: bool = False) -> Iterator[Staged]:
    """Stage each loss once, read through a standing connection or through new ones."""
    for how, truth, lose in STAGES:
        _filled(one)
        one.see(anew=anew)
        lose(one)
        if how != "another root" and one.random.random() < 0.3:
            one.make()
        yield Staged(how, truth, one.gone(anew=anew))
    _filled(one)
    one.see()
    leaf = one.projects[-1]
    (leaf / "more").write_text("more")
    with (leaf / "Dockerfile").open("a") as file:
        file.write("\nCOPY more /")
    one.build(leaf)
    yield Staged("nothing: built on a leaf", None, one.gone())
    one.stop()
    one.start()
    yield Staged("nothing: a restart", None, one.gone())


def _collected(one: Loser) -> Iterator[Staged]:
    """Stage collections at a start, by rules that have something to do."""
    for how, rules in COLLECTED:
        one.stop()
        one.start((ROOMY,))
        _filled(one)
        one.see()
        restarted(*rules)(one)
        yield Staged(how, GC, one.gone())


def _over(one: Loser) -> Iterator[Staged]:
    """Build over the limit of a running daemon, and wait for its pass, twice."""
    for _ in range(2):
        one.see()
        one.make(4)
        one.see()
        _wait_for_loss(one, _PASS)
        yield Staged(f"over a limit: {one.rules[0]}".replace("\n", ", "), GC, one.gone())


@pytest.mark.matrix
def test_staged_losses(
    engine: lab.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of more than 40 losses the truth is always among the causes named, and nothing is certain that is not so."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "audit"))
    works: list[tuple[tuple[str, ...], Callable[[Loser], Iterator[Staged]]]] = [
        ((ROOMY,), _staged),
        ((), partial(_staged, anew=True)),
        (('maxUsedSpace = "900GB"\nminFreeSpace = "1MB"',), _staged),
        ((ROOMY,), _collected),
        (('maxUsedSpace = "700KB"',), _over),
        (('reservedSpace = "900KB"\nall = true',), _over),
    ]
    with ExitStack() as stack, ThreadPoolExecutor(len(works)) as pool:
        losers = [stack.enter_context(losing(engine, tmp_path, rules, seed)) for seed, (rules, _) in enumerate(works)]
        done = pool.map(lambda work, one: list(work(one)), [work for _, work in works], losers)
        staged = [one for found in done for one in found]
    tally = Counter((one.how, one.verdict) for one in staged)
    lines = [f"{how:45} {verdict:24} {number:3}" for (how, verdict), number in sorted(tally.items())]
    lost = [one for one in staged if one.truth]
    with capsys.disabled():
        print("\n", *lines, f"{len(lost)} losses, {sum(len(one.found) for one in lost)} records", sep="\n")  # noqa: T201
        for one in staged:
            if one.verdict in (MISSED, WRONG):
                print(one.how, *((each.record, each.causes) for each in one.found), sep="\n")  # noqa: T201
    assert sum(bool(one.found) for one in lost) >= 40
    assert not {one.verdict for one in lost} & {MISSED, WRONG}
    assert not [one.how for one in staged if one.truth is None and one.found]


@pytest.mark.matrix
def test_builds_lose_nothing(engine: lab.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While builds end, fail, are canceled and go on from each other's leaves, no record is said to have gone."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "audit"))
    with losing(engine, tmp_path, seed=7) as one, ThreadPoolExecutor(1) as pool:
        over = Event()

        def watch() -> int:
            readings = 0
            while not over.is_set():
                one.see()
                readings += 1
            return readings

        watching = pool.submit(watch)
        try:
            for number in range(4):
                folder = one.make(2, mount=True)
                lines = (folder / "Dockerfile").read_text()
                for more in (
                    f"RUN echo {number} >/a; sleep 0.7",
                    "RUN sleep 0.5; echo b >/b",
                    "COPY --link Dockerfile /d",
                ):
                    lines += f"\n{more}"
                    (folder / "Dockerfile").write_text(lines)
                    one.build(folder)
                (folder / "Dockerfile").write_text(f"{lines}\nRUN echo c >/c; sleep 0.6; false")
                one.build(folder, fails=True)
                (folder / "Dockerfile").write_text(f"{lines}\nRUN echo d >/d; sleep 30")
                one.cancel(folder)
                (folder / "Dockerfile").write_text(f"{lines}\nRUN echo e >/e")
                one.build(folder)
        finally:
            over.set()
        assert watching.result() > 50
        assert one.gone() == ()
        assert one.journal.tombstones(one.name) == ()
