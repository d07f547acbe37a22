"""Build records that were never built, as buildx would write them."""

import gzip
import io
import json
import tarfile
from hashlib import sha256
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp

from dockcache_tui.sources.buildkit import control_pb2 as pb

RECORD = "application/vnd.buildkit.historyrecord.v0"
INDEX = "application/vnd.oci.image.index.v1+json"
STEP = b"sha256:" + b"a" * 64
BUILT = {"Ref": "ref1", "CreatedAt": {"seconds": 1_795_489_893}, "CompletedAt": {"seconds": 1_795_489_900, "nanos": 5}}


def framed(*messages: bytes) -> bytes:
    """Return messages with their lengths before them."""
    return b"".join(len(message).to_bytes(4, "little") + message for message in messages)


def message(text: bytes = b"hello\n", *, digest: bytes = STEP, seconds: int = 1_795_489_894) -> bytes:
    """Return a message of one step that ran and said something."""
    began, ended = Timestamp(seconds=seconds), Timestamp(seconds=seconds + 2)
    vertex = pb.Vertex(digest=digest, name=b"[1/1] RUN x", inputs=[b"y"], started=began, completed=ended)
    log = pb.VertexLog(vertex=digest, stream=1, msg=text, timestamp=began)
    return pb.StatusResponse(vertexes=[vertex], logs=[log]).SerializeToString()


class Bundle:
    """An OCI layout under way."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.blobs: dict[str, bytes] = {}
        self.manifests: list[dict[str, object]] = []

    def put(self, content: bytes | dict[str, object]) -> str:
        """Keep a blob; returns its digest."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = f"sha256:{sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return digest

    def record(self, log: bytes, **more: object) -> None:
        """Add a build with this log."""
        logs = {"digest": self.put(log), "size": len(log)}
        config = self.leads_to({**BUILT, "logs": logs, **more}, RECORD)
        self.manifests.append(self.leads_to({"config": config, "layers": []}))

    def leads_to(self, document: dict[str, object], media_type: str = "") -> dict[str, object]:
        """Keep a document; returns its descriptor."""
        digest = self.put(document)
        return {"digest": digest, "mediaType": media_type, "size": len(self.blobs[digest])}

    def write(self, folder: Path) -> Path:
        """Write it as buildx does."""
        packed = io.BytesIO()
        files = {f"blobs/{digest.replace(':', '/')}": data for digest, data in self.blobs.items()}
        files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        files["index.json"] = json.dumps({"manifests": self.manifests}).encode()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        path = folder / "made.dockerbuild"
        path.write_bytes(gzip.compress(packed.getvalue()))
        return path
