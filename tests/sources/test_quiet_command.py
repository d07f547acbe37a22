"""Commands that are asked something."""

import pytest

from dockcache_tui.sources.quiet_command import output_of


@pytest.mark.parametrize(
    ("words", "patience", "told"),
    [
        (("sh", "-c", 'printf "%s\\377" "$WORD"'), 60.0, b"one\xff"),
        (("sh", "-c", "cat"), 60.0, b""),
        (("sh", "-c", "echo told; exit 1"), 60.0, b""),
        (("sh", "-c", "echo told; exec sleep 600"), 0.3, b""),
        (("no-such-command",), 60.0, b""),
    ],
    ids=["well", "without a question", "failed", "slow", "missing"],
)
def test_what_a_command_tells(words: tuple[str, ...], patience: float, told: bytes) -> None:
    """Its output counts as it is when it ends well and in time; it can't ask back."""
    assert output_of(words, {"PATH": "/usr/bin:/bin", "WORD": "one"}, patience) == told
