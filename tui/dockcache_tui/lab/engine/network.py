"""A bridge of our own with a way out, beside whatever else the machine has.

The daemon itself is told to leave the firewall alone: its own rules would replace those of another engine.
"""

from contextlib import suppress
from pathlib import Path

from dockcache_tui.lab.engine.home import Engine, EngineError
from dockcache_tui.lab.engine.process import run

_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_INTERFACES = Path("/sys/class/net")
_PREFIX = "dcc-"


def bridge(engine: Engine) -> str:
    """Return the name of this engine's bridge."""
    return f"{_PREFIX}{engine.tag}"


def up(engine: Engine) -> None:
    """Make the bridge and its rules where they are missing."""
    name, subnet = bridge(engine), _subnet(engine)
    if not (_INTERFACES / name).exists():
        _ip(engine, "link", "add", name, "type", "bridge")
        _ip(engine, "addr", "add", f"{subnet}.1/24", "dev", name)
    _ip(engine, "link", "set", name, "up")
    for table, chain, *match in _rules(engine):
        with suppress(EngineError):
            _iptables(engine, "-t", table, "-C", chain, *match)
            continue
        _iptables(engine, "-t", table, "-I", chain, *match)
    if _FORWARD.read_text().strip() == "0":
        (engine.home / "forwarding-was-off").touch()
        _FORWARD.write_text("1")


def down(engine: Engine) -> None:
    """Take the bridge and its rules away, and put forwarding back unless another of our bridges needs it."""
    for table, chain, *match in _rules(engine):
        with suppress(EngineError):
            _iptables(engine, "-t", table, "-D", chain, *match)
    if (_INTERFACES / bridge(engine)).exists():
        _ip(engine, "link", "del", bridge(engine))
    was_off = engine.home / "forwarding-was-off"
    if was_off.exists() and not any(_INTERFACES.glob(f"{_PREFIX}*")):
        _FORWARD.write_text("0")
    was_off.unlink(missing_ok=True)


def _rules(engine: Engine) -> tuple[tuple[str, ...], ...]:
    name = bridge(engine)
    return (
        ("nat", "POSTROUTING", "-s", f"{_subnet(engine)}.0/24", "!", "-o", name, "-j", "MASQUERADE"),
        ("filter", "FORWARD", "-i", name, "-j", "ACCEPT"),
        ("filter", "FORWARD", "-o", name, "-j", "ACCEPT"),
    )


def _subnet(engine: Engine) -> str:
    """Return the first three numbers of a network nobody on this machine routes to, the same one every time."""
    kept = engine.home / "subnet"
    if not kept.exists():
        lines = Path("/proc/net/route").read_text().splitlines()[1:]
        taken = {bytes.fromhex(line.split()[1])[:0:-1] for line in lines}
        first = int(engine.tag[:2], 16)
        free = next(n for n in range(first, first + 256) if bytes((10, 213, n % 256)) not in taken)
        kept.write_text(f"10.213.{free % 256}")
    return kept.read_text()


def _ip(engine: Engine, *words: str) -> None:
    run((engine.program("busybox"), "ip", *words))


def _iptables(engine: Engine, *words: str) -> None:
    paths = {"LD_LIBRARY_PATH": str(engine.libraries), "XTABLES_LIBDIR": str(engine.libraries / "xtables")}
    run((engine.program("iptables-nft"), "-w", *words), env=paths)
