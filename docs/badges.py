"""Write the README's badges, docs/pictures/badge-*.svg, from pyproject.toml and a results lock."""

import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_CHARACTER, _PADDING = 6.6, 12  # width in pixels, for a common sans-serif font at 11 px

_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="20" role="img">
<title>{name}: {value}</title>
<rect width="{width:.0f}" height="20" rx="3" fill="#454545"/>
<path d="M{left:.0f} 0h{right:.0f}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left:.0f}z" fill="#1f5fa8"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{name_at:.0f}" y="14">{name}</text>
<text x="{value_at:.0f}" y="14">{value}</text>
</g>
</svg>
"""


def badges() -> dict[str, str]:
    """Return the SVG of each badge, by file name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = json.loads((ROOT / "experiments" / "topics.lock.json").read_text())["comparisons"]["newsarticles"]
    # The headline is weighted to the corpus, if it is known how the articles were drawn.
    figures = lock["figures"].get("corpus", lock["figures"]["all"])
    value, low, high = figures[lock["winner"]]["macro_f1"]
    badges = {
        "python": ("Python", project["requires-python"].replace(">=", "≥ ")),
        "licence": ("licence", project["license"]),
        "macro-f1": (f"macro-F1 of {lock['winner']}", f"{value:.3f} [{low:.3f}, {high:.3f}]"),
    }
    return {f"badge-{name}.svg": _drawn(*parts) for name, parts in badges.items()}


def _drawn(name: str, value: str) -> str:
    left, right = (len(text) * _CHARACTER + _PADDING for text in (name, value))
    return _BADGE.format(
        name=name,
        value=value,
        width=left + right,
        left=left,
        right=right - 3,
        name_at=left / 2,
        value_at=left + right / 2,
    )


if __name__ == "__main__":
    for file, svg in badges().items():
        (ROOT / "docs" / "pictures" / file).write_text(svg)
