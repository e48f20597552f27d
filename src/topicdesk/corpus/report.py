"""Report what a reader did with the rows of its source."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ReadReport"]


@dataclass(frozen=True)
class ReadReport:
    """Counts of rows read and articles kept, with the reasons for the difference.

    Parameters
    ----------
    rows : int
        Number of rows of the source.
    articles : int
        Number of rows that became articles: ``rows`` minus everything in `dropped`.
    dropped : dict of str to int
        Number of rows left out, by reason.
    changed : dict of str to int
        Number of articles that a cleaning step changed, by step.
    noted : dict of str to int
        Number of articles kept despite a problem, by problem.
    """

    rows: int
    articles: int
    dropped: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `ValueError` if the counts do not add up."""
        if self.rows != self.articles + sum(self.dropped.values()):
            raise ValueError(
                f"counts do not add up: {self.rows} rows, {self.articles} articles, dropped: {self.dropped}"
            )

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        lines = [f"{self.rows} rows read, {self.articles} articles kept"]
        lines += [f"dropped {count}: {reason}" for reason, count in self.dropped.items()]
        lines += [f"changed {count}: {name.replace('_', ' ')}" for name, count in self.changed.items() if count]
        lines += [f"noted {count}: {name}" for name, count in self.noted.items() if count]
        return lines
