"""What a reader did with the rows it was given."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ReadReport"]


@dataclass(frozen=True)
class ReadReport:
    """Rows in, rows out, and why they differ.

    Parameters
    ----------
    rows : int
        Rows of the source.
    articles : int
        Rows that became articles; ``rows`` less everything in `dropped`.
    dropped : dict of str to int
        Rows left out, by reason.
    changed : dict of str to int
        Articles that a step of cleaning changed, by the step.
    noted : dict of str to int
        Articles kept as they are although something is amiss, by what.
    """

    rows: int
    articles: int
    dropped: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an account that does not add up."""
        if self.rows != self.articles + sum(self.dropped.values()):
            raise ValueError(f"{self.rows} rows in, {self.articles} out, but dropped: {self.dropped}")

    def lines(self) -> list[str]:
        """Give the account as lines for a person."""
        account = [f"{self.rows} rows read, {self.articles} articles kept"]
        account += [f"dropped {count}: {reason}" for reason, count in self.dropped.items()]
        account += [f"changed {count}: {what.replace('_', ' ')}" for what, count in self.changed.items() if count]
        account += [f"noted {count}: {what}" for what, count in self.noted.items() if count]
        return account
