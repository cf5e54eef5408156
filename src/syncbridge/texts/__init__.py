"""What people read, in their language: causes, what to do about them, and the labels around them.

The words are data, one file for each language; ``codes.toml`` names the cause each vendor's own code stands for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import msgspec

LANGUAGES = ("en", "zh")
OTHER = "other"
"""The cause of a code nobody has written a text for."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something does not go forward, and what to do; ``{id}`` stands for the entry's id."""

    cause: str
    todo: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of one language."""

    causes: Mapping[str, Cause]
    labels: Mapping[str, str]
    sentences: Mapping[str, str] = field(default_factory=dict)
    """What rules and flows say that has no figures in it, by the English they say; English itself needs none."""

    def of(self, code: str, kind: str = "") -> Cause:
        """The words for a code, for this kind of job if it has words of its own."""
        named = [f"{kind}/{code}", code, _codes().get(code.lower(), OTHER)]
        return next(self.causes[name] for name in named if name in self.causes)

    def said(self, sentence: str) -> str:
        """A sentence of ours in this language; one with figures stays as it was said."""
        return self.sentences.get(sentence, sentence)


@cache
def texts(language: str) -> Texts:
    """The words of a language of `LANGUAGES`."""
    return msgspec.convert(tomllib.loads(_read(f"{language}.toml")), Texts)


def choose(wanted: str | None, environ: Mapping[str, str]) -> str:
    """The language asked for, else that of the locale's messages, else English."""
    named = [wanted or "", *(environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))]
    language = next((name for name in named if name), "en")[:2].lower()
    return language if language in LANGUAGES else "en"


@cache
def _codes() -> Mapping[str, str]:
    known = tomllib.loads(_read("codes.toml"))
    return {code.lower(): cause for cause, codes in known.items() for code in codes}


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
