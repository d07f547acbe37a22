"""A buildx builder and its nodes, as buildx lists them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """One node of a builder; `status` is `running`, `inactive`, `stopped`, `error`, or empty when unknown."""

    name: str
    endpoint: str = ""
    status: str = ""
    error: str = ""
    buildkit_version: str = ""
    platforms: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Tell whether it answered."""
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class BuilderInfo:
    """A builder; `current` is the one used when none is named; `error` is why it could not be read."""

    name: str
    driver: str
    nodes: tuple[NodeInfo, ...] = ()
    current: bool = False
    error: str = ""
