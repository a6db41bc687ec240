"""The licences of the installed packages, and whether each is accepted here.

Belongs here: what packages declare, read as SPDX expressions, and ``requirements-licences.yml``. Does not belong here: which
packages are pinned (the lock files), or known weaknesses of packages (docs/run/security.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR

ACCEPTED = PROJECT_DIR / "requirements-licences.yml"

_CLASSIFIER = "License :: "
_TOKEN = re.compile(r"[()]|[^\s()]+")
# Longer texts are the licence itself, not its name.
_LONGEST_NAME = 60
_NO_LICENCE = {"", "UNKNOWN", "Dual License"}


class Exceptional(BaseModel):
    """The entry for one package; ``accepted`` where its licence is accepted for this package only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    why: str = Field(min_length=1)
    accepted: bool = False


class Policy(BaseModel):
    """The accepted licences, and how packages write them; see the head of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accepted: frozenset[str]
    wordings: dict[str, str]
    packages: dict[str, Exceptional]

    def licence_of(self, package: Distribution) -> str:
        """Return the licence of a package as an SPDX expression; in its own words where they are not known."""
        known = self.packages.get(canonical(package.metadata["Name"]))
        if known is not None:
            return known.licence
        texts = list(_licence_texts(package))
        names = {word.casefold(): licence for word, licence in self.wordings.items()}
        return next(
            (names.get(word.casefold(), word) for word in texts if word.casefold() in names or self.accepts(word)),
            texts[0] if texts else "nothing said",
        )

    def accepts(self, expression: str) -> bool:
        """Return whether a licence is accepted: all parts joined by AND, at least one joined by OR."""
        tokens = _TOKEN.findall(expression)
        is_accepted = self._any(tokens)
        return is_accepted and not tokens

    def is_accepted(self, package: Distribution) -> bool:
        """Return whether a package may be used."""
        known = self.packages.get(canonical(package.metadata["Name"]))
        return (known is not None and known.accepted) or self.accepts(self.licence_of(package))

    def _any(self, tokens: list[str]) -> bool:
        found = [self._all(tokens)]
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            found.append(self._all(tokens))
        return any(found)

    def _all(self, tokens: list[str]) -> bool:
        found = [self._one(tokens)]
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            found.append(self._one(tokens))
        return all(found)

    def _one(self, tokens: list[str]) -> bool:
        token = tokens.pop(0) if tokens else ""
        if token != "(":
            return token in self.accepted
        inner = self._any(tokens)
        return (tokens.pop(0) if tokens else "") == ")" and inner


@dataclass(frozen=True)
class Licence:
    """A package, its licence, and whether it may be used."""

    package: str
    version: str
    licence: str
    accepted: bool


def canonical(name: str) -> str:
    """Return a package's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def load_policy(path: Path = ACCEPTED) -> Policy:
    """Return the accepted licences.

    Raises:
        UserError: the file is not valid.
    """
    try:
        return Policy.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}", place=str(path), remedy="correct the entry"
        ) from error
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="correct the YAML") from error


def installed(policy: Policy, packages: Iterable[Distribution] | None = None) -> list[Licence]:
    """Return the installed packages by name, each once."""
    found = {
        canonical(package.metadata["Name"]): Licence(
            canonical(package.metadata["Name"]), package.version, policy.licence_of(package), policy.is_accepted(package)
        )
        for package in (distributions() if packages is None else packages)
    }
    return [found[name] for name in sorted(found)]


def _licence_texts(package: Distribution) -> Iterator[str]:
    """Yield the texts in which a package names its licence: an expression, which is complete, or a text and classifiers."""
    expressions = package.metadata.get_all("License-Expression")
    if expressions:
        yield from expressions
        return
    text = " ".join(" ".join(package.metadata.get_all("License") or []).split())
    if text not in _NO_LICENCE and len(text) <= _LONGEST_NAME:
        yield text.removeprefix(_CLASSIFIER).removeprefix("OSI Approved :: ")
    for classifier in package.metadata.get_all("Classifier") or []:
        if classifier.startswith(_CLASSIFIER):
            yield classifier.rpartition(" :: ")[2]
