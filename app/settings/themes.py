"""The colours that a dashboard can have: Textual's own themes.

By name and not asked of Textual, which takes a fifth of a second to load: the probes are compiled
beside that, once the command line and the configuration are known to be right. A test compares.
"""

from __future__ import annotations

from typing import Final

THEMES: Final = (
    "textual-dark",
    "textual-light",
    "nord",
    "gruvbox",
    "catppuccin-mocha",
    "dracula",
    "tokyo-night",
    "monokai",
    "flexoki",
    "catppuccin-latte",
    "catppuccin-frappe",
    "catppuccin-macchiato",
    "solarized-light",
    "solarized-dark",
    "rose-pine",
    "rose-pine-moon",
    "rose-pine-dawn",
    "atom-one-dark",
    "atom-one-light",
    "ansi-dark",
    "ansi-light",
)
