"""One reading of a builder: its records with their owners, parents and children."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.records.attribution import ScopedRecord, attribute
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.outlook import Outlook
from dockcache_tui.core.records.record import BuilderSnapshot, RecordKey
from dockcache_tui.core.scope import Whose


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot with what follows from it and from the builds known then."""

    snapshot: BuilderSnapshot
    records: tuple[ScopedRecord, ...]
    lineage: Lineage = field(repr=False)
    by_key: dict[RecordKey, ScopedRecord] = field(repr=False)
    owners: Mapping[Whose, int] = field(repr=False)
    """How many records each owner has."""
    outlooks: Mapping[str, Outlook] = field(default_factory=dict, repr=False)
    """When the records of each node would go, where that was asked for and its policy is known."""

    @classmethod
    def of(cls, snapshot: BuilderSnapshot, builds: Sequence[Build]) -> "Reading":
        """Relate the records to each other and to the builds, in build order; BuildKit lists them in no order.

        It takes a while for 100,000 of them: call it off the event loop.
        """
        lineage = Lineage.of(snapshot.records)
        records = attribute(lineage.records, builds)
        by_key = {scoped.record.key: scoped for scoped in records}
        owners = Counter((one.project, one.branch) for scoped in records for one in scoped.owners)
        return cls(snapshot, records, lineage, by_key, owners)
