"""Makes records and builds for the tests of the core, one by one and by hypothesis."""

from dataclasses import dataclass

from hypothesis import strategies as st

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.scope import BranchScope, Known, Owner, Project

SECOND = 1_000_000_000


def at(seconds: float) -> Instant:
    """Return the moment so many seconds after a fixed one."""
    return Instant(1_700_000_000 * SECOND + round(seconds * SECOND))


def key(id_: str, node: str = "node0") -> RecordKey:
    """Return a record's key."""
    return RecordKey(node, id_)


@dataclass(frozen=True, slots=True)
class Flags:
    """The three booleans of a record."""

    in_use: bool = False
    shared: bool = False
    mutable: bool = False


IDLE = Flags()
IN_USE = Flags(in_use=True)
SHARED = Flags(shared=True)


def record(
    id_: str,
    *parents: str,
    node: str = "node0",
    size: int = 1,
    created: float = 0,
    used: float | None = None,
    flags: Flags = IDLE,
    what: tuple[str, str] = ("regular", ""),
) -> Record:
    """Return a record; `created` and `used` are seconds for `at`, `what` is its type and description."""
    return Record(
        builder="builder",
        node=node,
        id=id_,
        type=what[0],
        size=size,
        created_at=at(created),
        last_used_at=None if used is None else at(used),
        usage_count=0 if used is None else 1,
        parents=parents,
        in_use=flags.in_use,
        shared=flags.shared,
        mutable=flags.mutable,
        description=what[1],
    )


def step(name: str, began: float, ended: float, state: StepState = StepState.BUILT) -> Step:
    """Return a step that ran between two moments."""
    return Step(f"sha256:{name}", name, state, cacheable=True, started_at=at(began), completed_at=at(ended))


def build(
    ref: str, began: float, ended: float | None, branch: str | None = None, *steps: Step, node: str = ""
) -> Build:
    """Return a build of a branch, told by its node; one that never ended is running."""
    return Build(
        ref,
        "builder",
        at(began),
        BuildStatus.RUNNING if ended is None else BuildStatus.SUCCEEDED,
        node=node,
        branch=BranchScope.of(branch) if branch else None,
        completed_at=None if ended is None else at(ended),
        steps=steps,
        told=True,
    )


_IDS = st.sampled_from([f"r{number}" for number in range(12)])
_RECORDS = st.builds(
    lambda id_, parents, node, size, created, flags: record(
        id_, *parents, node=node, size=size, created=created, flags=flags
    ),
    _IDS,
    st.lists(_IDS, max_size=3),
    st.sampled_from(["node0", "node1"]),
    st.integers(0, 10**12),
    st.integers(0, 5),
    st.builds(Flags, st.booleans(), st.booleans(), st.booleans()) | st.just(IDLE),
)
READINGS = st.lists(_RECORDS, max_size=24, unique_by=lambda made: made.key)
"""Readings of two nodes with shared and missing parents, cycles, parents of themselves and every mix of flags."""

SCOPED = st.builds(
    lambda made, text, owners, uses: ScopedRecord(
        record(made.id, *made.parents, size=made.size, used=uses, what=("regular", text)), owners
    ),
    _RECORDS,
    st.text(max_size=20),
    st.lists(
        st.builds(
            Owner,
            st.none() | st.builds(Project, st.text(max_size=6)),
            st.none() | st.builds(BranchScope.of, st.text(max_size=6)),
            st.sampled_from(Known),
        ),
        max_size=2,
    ).map(tuple),
    st.none() | st.floats(0, 10**6),
)
"""Attributed records with any text and branches."""
