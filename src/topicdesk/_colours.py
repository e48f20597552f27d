"""Colours of plots. Stylesheets repeat `BLUE` as their accent; `tests/test_rendering.py` compares them."""

__all__ = ["BLUE", "GREY", "ORANGE", "PARTS"]

BLUE = "#1f5fa8"
ORANGE = "#c4601d"
GREY = "#8a8a8a"

#: Colours of the parts of a bar, which people with colour blindness can distinguish (after Okabe and Ito 2008).
PARTS = (BLUE, "#e69f00", "#009e73", "#cc79a7", "#56b4e9", ORANGE, "#7a5aa6")
