"""Blocks: features beside those of the whole text, each with a weight, such as those of the lead or of keywords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any

from topicdesk.errors import FeaturesError

__all__ = ["WHOLE_TEXT", "Block"]

#: The `Block.field` of a block that reads the whole text: all fields of an article as one text.
WHOLE_TEXT = ""

# scikit-learn separates the names of nested parameters by two underscores.
_NAME = re.compile(r"(?!.*__)\w[\w-]*")


@dataclass(frozen=True)
class Block:
    """Features beside those of the whole text: TF-IDF features with options of their own, or keywords.

    Parameters
    ----------
    name : str
        Shown before the block's terms in explanations, as in ``lead: judge``. Letters, digits, ``_`` and ``-``.
    weight : float, default 1.0
        The features are multiplied by it. Above 0.
    keywords : bool, default False
        Whether there is one feature for each topic, ``log(1 + n)``, where n is the number of distinct keywords of the
        topic in the text.
    field : str, default ""
        The field to read, such as ``title``. By default, all fields as one text.
    options : tuple of (str, object), default ()
        Options of the block, with the names that they have in `FeatureSetting` and `Analyser`. A TF-IDF block has the
        other options of its setting. Keywords can only have ``lead``; by default, they are found in the whole text.

    Raises
    ------
    FeaturesError
        If the name, the weight or an option is not valid.
    """

    name: str
    weight: float = 1.0
    keywords: bool = False
    field: str = WHOLE_TEXT
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Raise `FeaturesError` if a value is not valid."""
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise FeaturesError(
                f"blocks: {self.name!r} cannot be the name of a block. Use letters, digits, '-' and single '_'."
            )
        if not (isfinite(self.weight) and self.weight > 0):
            raise FeaturesError(f"blocks.{self.name}.weight must be a finite number above 0; got {self.weight!r}.")
        if self.keywords:
            other = [name for name, _ in self.options if name != "lead"] + ["field"] * (self.field != WHOLE_TEXT)
            if other:
                raise FeaturesError(
                    f"blocks.{self.name}.{other[0]}: a block of keywords has no terms to weight. Its only other "
                    "options are lead and weight. Remove the option, or use another block for it."
                )

    @property
    def lead(self) -> int | None:
        """Number of characters in which keywords are found; None for the whole text."""
        return dict(self.options).get("lead")

    def description(self) -> dict[str, Any]:
        """Return the weight and the options of the block, as a user writes them."""
        kind: dict[str, Any] = {"keywords": True} if self.keywords else {}
        field: dict[str, Any] = {"field": self.field} if self.field else {}
        return kind | field | dict(self.options) | {"weight": self.weight}
