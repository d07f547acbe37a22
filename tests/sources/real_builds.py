"""Builds on the tests' engine whose records no other build has, and readings of a builder by other ways than ours."""

import http.client
import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from dockcache_tui.core.instant import Instant
from dockcache_tui.lab.engine import Engine

Reading = dict[str, dict[str, object]]
"""Records by id, each with the fields that both ways tell."""


@dataclass(frozen=True)
class Project:
    """A folder to build, with a mark that is in the descriptions of its records."""

    engine: Engine
    folder: Path
    mark: str

    @classmethod
    def make(cls, engine: Engine, folder: Path, copies: int = 3) -> "Project":
        """Write a Dockerfile that copies files of fresh names, each layer on the last."""
        project = cls(engine, folder, f"mark{uuid4().hex[:12]}")
        names = [f"{project.mark}-{number}" for number in range(copies)]
        for number, name in enumerate(names):
            (folder / name).write_bytes(name.encode() * 1000 * (number + 1))
        lines = ["FROM scratch", *(f"COPY {name} /" for name in names)]
        (folder / "Dockerfile").write_text("\n".join(lines))
        return project

    def build(self, builder: str, *words: str) -> None:
        """Build, keeping only the cache."""
        command = ["docker", "buildx", "build", "--builder", builder, "--output", "type=cacheonly", *words]
        subprocess.run(
            [*command, str(self.folder)], env=self.engine.variables, check=True, capture_output=True, timeout=120
        )


def docker(engine: Engine, *words: str) -> str:
    """Run a docker command of the engine."""
    done = subprocess.run(["docker", *words], env=engine.variables, check=True, capture_output=True, timeout=60)
    return done.stdout.decode()


def buildctl_reading(engine: Engine, container: str) -> Reading:
    """Read the records of a BuildKit daemon in a container with BuildKit's own client."""
    records = json.loads(docker(engine, "exec", container, "buildctl", "du", "--format", "{{json .}}"))
    return {
        one["id"]: {
            "type": one["recordType"],
            "size": one["size"],
            "created_at": str(Instant.parse(one["createdAt"])),
            "last_used_at": str(Instant.parse(one["lastUsedAt"])) if one.get("lastUsedAt") else None,
            "usage_count": one["usageCount"],
            "parents": one.get("parents") or [],
            "in_use": one["inUse"],
            "shared": one["shared"],
            "mutable": one["mutable"],
            "description": one["description"],
        }
        for one in records or ()
    }


def engine_reading(engine: Engine) -> Reading:
    """Read the build cache of the engine itself through its REST API (mutable is not told)."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    host = engine.variables.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    connection.sock.connect(host.removeprefix("unix://"))
    connection.request("GET", "/v1.44/system/df?type=build-cache")
    records = json.loads(connection.getresponse().read())["BuildCache"]
    connection.close()
    return {
        one["ID"]: {
            "type": one["Type"],
            "size": one["Size"],
            "created_at": str(Instant.parse(one["CreatedAt"])),
            "last_used_at": str(Instant.parse(one["LastUsedAt"])) if one["LastUsedAt"] else None,
            "usage_count": one["UsageCount"],
            "parents": one.get(" Parents") or one.get("Parents") or [],
            "in_use": one["InUse"],
            "shared": one["Shared"],
            "description": one["Description"],
        }
        for one in records or ()
    }
