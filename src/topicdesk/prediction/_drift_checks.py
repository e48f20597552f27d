"""What all drift results have in common: a table of checks, each with a test and the size of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from topicdesk._rendering import as_html
from topicdesk.evaluation import holm

__all__ = ["ALPHA", "FEWEST_ARTICLES", "Check", "DriftChecks", "judged_checks"]

ALPHA = 0.05

#: Smallest number of articles in a drift test.
FEWEST_ARTICLES = 20

#: Name, value of the reference, value of the new articles, difference, smallest difference that matters, p.
Check = tuple[str, float, float, float, float, float]


@dataclass(frozen=True, eq=False)
class DriftChecks:
    """Drift checks. Displayed as a table in a notebook.

    Parameters
    ----------
    checks : DataFrame
        One row per check, with the columns ``check, reference, new, difference, minimum, p, drifted``. ``minimum`` is
        the smallest ``difference`` that matters. ``p`` is Holm-adjusted over all checks.
    """

    checks: pd.DataFrame

    @property
    def drifted(self) -> bool:
        """Whether any check found drift."""
        return bool(self.checks["drifted"].any())

    def finding(self) -> str:
        """Return the checks that found drift, as a sentence."""
        drifted = ", ".join(self.checks["check"][self.checks["drifted"]])
        return f"Drift: {drifted}." if drifted else "No drift."

    def table(self) -> pd.DataFrame:
        """Return the checks formatted for display, indexed by ``check``."""
        table = self.checks.assign(drifted=np.where(self.checks["drifted"], "YES", "no"))
        for name in ("reference", "new", "difference", "minimum"):
            table[name] = table[name].map("{:.3f}".format)
        table["p"] = [f"{p:.3f}" if p >= 0.001 else "<0.001" for p in table["p"]]
        return table.set_index("check")

    def _repr_html_(self) -> str:
        return as_html(str(self), self.table())


def judged_checks(rows: Sequence[Check]) -> pd.DataFrame:
    """Return a table of checks, with adjusted p-values and whether each check found drift."""
    checks = pd.DataFrame(rows, columns=["check", "reference", "new", "difference", "minimum", "p"])
    checks["p"] = holm(checks["p"].to_numpy())
    checks["drifted"] = (checks["p"] < ALPHA) & (checks["difference"] >= checks["minimum"])
    return checks
