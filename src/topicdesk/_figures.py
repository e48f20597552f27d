"""Save plots whose names are in any script."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO, Any

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = ["save_figure"]

#: Fonts that operating systems have for the scripts that Matplotlib's own font lacks.
_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei", "PingFang SC",
    "Hiragino Sans", "Yu Gothic", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo", "Noto Sans Devanagari",
    "Nirmala UI", "Kohinoor Devanagari", "Noto Sans Thai", "Leelawadee UI", "Thonburi", "Noto Sans Bengali",
    "Noto Sans Tamil", "Arial Unicode MS", "Unifont",
)  # fmt: skip


def save_figure(figure: Figure, file: Path | str | IO[Any], **options: Any) -> None:
    """Save a plot, with the installed fonts for scripts that Matplotlib's own font lacks.

    A character that no installed font has is drawn as a box. An SVG contains the character itself, and the browser
    chooses the font, so Matplotlib's warnings about fonts are not shown.

    Parameters
    ----------
    figure : Figure
        The plot.
    file : path or file
        Where to save it.
    **options
        Options of `Figure.savefig`.
    """
    installed = {font.name for font in font_manager.fontManager.ttflist}
    further = [name for name in _FONTS if name in installed]
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_fontfamily([*text.get_fontfamily(), *further])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from (font|current font)", UserWarning)
        figure.savefig(file, **options)
