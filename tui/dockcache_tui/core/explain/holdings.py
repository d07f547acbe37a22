"""Which results of earlier builds a node still has, by what it tells of its records."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.ops import Op
from dockcache_tui.core.explain.traced_build import counts
from dockcache_tui.core.records.claims import Claim, claims_of, is_root
from dockcache_tui.core.records.record import Record

_MADE = {StepState.BUILT, StepState.FALSE_HIT}


class HowSure(IntEnum):
    """How sure something is."""

    NO = 0
    MAYBE = 1
    YES = 2


class Holdings:
    """What one node has of the results of builds at one moment."""

    def __init__(self, records: Sequence[Record], builds: Sequence[Build], known: Collection[str]) -> None:
        """Take all records of the node and the builds that ran there; of `known` refs the keys are known."""
        places = {record.id: position for position, record in enumerate(records)}
        parents = [[places[one] for one in record.parents if one in places] for record in records]
        roots = {position for position, record in enumerate(records) if is_root(record)}
        self._records = records
        self._claims: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
        self._makers: Mapping[int, list[Claim]] = defaultdict(list)
        """The steps that may have made a record, those only whose keys are known."""
        for claim in claims_of(records, parents, builds):
            if claim.lasting or claim.records.isdisjoint(roots):
                continue
            self._claims[claim.build.ref, claim.step.digest].append(claim)
            if claim.step.state in _MADE and claim.build.ref in known and counts(claim.step):
                for position in claim.records:
                    self._makers[position].append(claim)

    def has(self, build: Build, step: Step) -> HowSure:
        """Tell whether the node still has what a step of a build made, or reused."""
        claims, sure = self._claims.get((build.ref, step.digest), []), self.results(build, step)
        doubtful = any(claim.doubtful and claim.records for claim in claims)
        if step.state in _MADE:
            if not sure:
                return HowSure.MAYBE if doubtful else HowSure.NO
            return HowSure.YES if len(self._rivals(sure)) <= len(sure) else HowSure.MAYBE
        free = [position for position in sure if position not in self._makers]
        is_it = step.state is StepState.REUSED and len(free) == 1 and not doubtful
        return HowSure.YES if is_it else HowSure.MAYBE

    def results(self, build: Build, step: Step) -> frozenset[int]:
        """Return the positions of the records that may be what a step of a build made or reused."""
        claims = self._claims.get((build.ref, step.digest), [])
        return frozenset(position for claim in claims if not claim.doubtful for position in claim.records)

    def layers(self, digest: str) -> frozenset[int]:
        """Return the positions of the records that an image was pulled into."""
        return frozenset(
            position
            for position, record in enumerate(self._records)
            if record.description.startswith("pulled from ") and record.description.endswith(f"@{digest}")
        )

    def has_others(self, op: Op, name: str, below: Collection[int]) -> bool:
        """Tell whether the node has results of such a step as this one of which it is not known what they came from.

        They lie on one of the records `below`, or anywhere where there are none.
        """
        on = {self._records[position].id for position in below}
        alike = {
            position
            for position, record in enumerate(self._records)
            if _is_alike(record, op, name) and not (on and on.isdisjoint(record.parents))
        }
        return len(self._rivals(alike)) < len(alike) or any(position not in self._makers for position in alike)

    def _rivals(self, positions: Collection[int]) -> set[tuple[str, str]]:
        makers = (claim for position in positions for claim in self._makers.get(position, ()))
        return {(claim.build.ref, claim.step.digest) for claim in makers}


def _is_alike(record: Record, op: Op, name: str) -> bool:
    """Tell whether a record may be of an operation: of the same command, or of a copy to the same place."""
    if not is_root(record):
        return False
    if op.kind == "exec":
        return record.description == f"mount / from exec {' '.join(op.body['meta'].get('args') or ())}"
    return _verb_and_place(record.description) == _verb_and_place(name)


def _verb_and_place(name: str) -> tuple[str, str]:
    words = parse_name(name).instruction.split()
    return (words[0], words[-1].rstrip("/").rpartition("/")[2]) if words else ("", "")
