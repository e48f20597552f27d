"""Check a built site: every link within it leads somewhere, anchors included, and no page loads a thing from elsewhere.

What others host is not asked for: the documentation is built and checked without a network. A library would do for
the links (though pytest-check-links holds pytest below 9, and LinkChecker, run as root, becomes a user who may not read
the files), not for what pages load.
"""

import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

# Elements whose address the browser fetches by itself; a link of these kinds is only named.
_NAMED_ONLY = {"canonical", "author", "license", "next", "prev", "search", "index"}


@cache
def _page(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_bytes())


@cache
def _anchors(path: Path) -> frozenset[str]:
    named = [element.get(name) for element in _page(path).iter() for name in ("id", "name")]
    return frozenset(name for name in named if name)


def faults_of(page: Path) -> list[str]:
    """Say what is wrong with the links of a page."""
    found = []
    for element, attribute, address, _ in _page(page).iterlinks():
        parts = urlsplit(address)
        if parts.scheme in ("data", "mailto", "javascript"):
            continue
        if parts.scheme or parts.netloc:
            loads = element.tag not in ("a", "form") and element.get("rel") not in _NAMED_ONLY
            if loads and attribute in ("src", "href", "data", None):
                found.append(f"{page}: <{element.tag}> loads {address}")
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            found.append(f"{page}: no file {address}")
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _anchors(target):
            found.append(f"{page}: no anchor {address}")
    return found


def main(site: Path) -> int:
    """Check all pages of a site; 1 if something is wrong."""
    # A theme keeps templates among its static files.
    pages = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    found = [fault for page in pages for fault in faults_of(page)]
    print("\n".join([*found, f"{len(pages)} pages checked, {len(found)} faults"]))
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
