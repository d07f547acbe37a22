"""The app's own themes; Textual's are there as well."""

from textual.theme import Theme

DARK = Theme(
    name="dockcache-dark",
    primary="#6cb6ff",
    secondary="#39c5cf",
    accent="#f0b72f",
    foreground="#d3dae3",
    background="#0f141a",
    surface="#141b23",
    panel="#1e2833",
    boost="#243140",
    success="#57d08b",
    warning="#f0b72f",
    error="#ff7b72",
    dark=True,
)
LIGHT = Theme(
    name="dockcache-light",
    primary="#0a5fb4",
    secondary="#0b7285",
    accent="#8a5300",
    foreground="#1c2733",
    background="#fbfcfd",
    surface="#f3f6f9",
    panel="#e3e9ef",
    boost="#d9e2ea",
    success="#13713c",
    warning="#8a5300",
    error="#b42318",
    dark=False,
)
