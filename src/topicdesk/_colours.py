"""Colours of plots. Stylesheets repeat `BLUE` as their accent; `tests/test_rendering.py` compares them."""

__all__ = ["BLUE", "GREY", "ORANGE"]

BLUE = "#1f5fa8"
ORANGE = "#c4601d"
GREY = "#8a8a8a"
