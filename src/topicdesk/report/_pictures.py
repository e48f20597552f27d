"""Plots inside an HTML page: SVG that uses the page's colours, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import Markup, escape

from topicdesk._colours import BLUE
from topicdesk._figures import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["inline_picture"]

# A colour that nothing else uses. It is replaced by the text colour of the page.
_INK = "#010203"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.facecolor": "none",
    "legend.edgecolor": "none",
    "path.simplify_threshold": 0.3,
}


def inline_picture(draw: Callable[[], Figure], label: str) -> Markup:
    """Return a figure as SVG for an HTML page.

    Parameters
    ----------
    draw : callable
        Returns the figure. Called with the style of the page.
    label : str
        Text alternative for people who cannot see the figure. Must be unique within the page, because the ids in the
        SVG are derived from it.

    Returns
    -------
    Markup
        The ``<svg>`` element.
    """
    buffer = io.StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": label}):
        save_figure(draw(), buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # equal in every figure, and nothing refers to them
    svg = re.sub(r"(?<!\d)(\d+\.\d\d)\d+", r"\1", svg)
    svg = svg.replace(_INK, "currentColor").replace(BLUE, "var(--accent)")
    head = rf'<svg role="img" viewBox="\1" aria-label="{escape(label)}">'
    return Markup(re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', head, svg))
