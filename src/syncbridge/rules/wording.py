"""Small turns of phrase that messages share."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest known word, or names them all, or nothing."""
    choices = sorted(known)
    near = get_close_matches(word.lower(), choices, n=1)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; there are: {', '.join(choices)}" if choices else ""
