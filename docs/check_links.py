"""Check a built site: every internal link and anchor exists, and no page loads anything from another site.

External links are not checked, because the documentation is built without a network. Libraries check links, but not
what pages load. In addition, pytest-check-links requires pytest below 9, and LinkChecker cannot read the files when it
is run as root.
"""

import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

# Relations of `<link>` elements that the browser does not load.
_NAMED_ONLY = {"canonical", "author", "license", "next", "prev", "search", "index"}


@cache
def _page(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_bytes())


@cache
def _anchors(path: Path) -> frozenset[str]:
    named = [element.get(name) for element in _page(path).iter() for name in ("id", "name")]
    return frozenset(name for name in named if name)


def faults_of(page: Path) -> list[str]:
    """Return the faults of the links of a page."""
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
    """Check all pages of a site, and return the exit code: 1 if there are faults."""
    # The static files of a theme may include templates.
    pages = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    found = [fault for page in pages for fault in faults_of(page)]
    print("\n".join([*found, f"{len(pages)} pages checked, {len(found)} faults"]))
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
