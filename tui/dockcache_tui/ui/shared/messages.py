"""What any area may tell the app around it."""

from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.ui.shared.accounts import Account


@dataclass
class ActionFailed(Message):
    """Something that was asked for failed."""

    error: DockcacheError


@dataclass
class Deleted(Message):
    """Things were deleted, or were to be."""

    what: str
    account: Account
