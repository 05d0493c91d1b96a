"""Tells a regular expression that may take for ever from one that does not, before it is ever used; pure.

It looks for repeated groups whose length varies inside. What slips through (alternatives that overlap) is ended by the
sandbox in which listings are read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<open> \( (?: \?(?: P?<?[^()<>=!:]*> | [=!] | <[=!] | [a-zA-Z-]*: ) )? )
      | (?P<close> \) )
      | (?P<either> \| )
      | (?P<quantifier> (?: [*+?] | \{\d*,?\d*\} ) [?+]? )
      | (?P<atom> \\. | \[ \^? \]? (?: \\. | [^\]\\] )* \] | . )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Group:
    start: int
    parts: list[str] = field(default_factory=list)
    """Its own atoms in order; an inner group is an empty string."""
    optional: set[int] = field(default_factory=set)
    """Indexes into `parts`."""
    atoms: list[str] = field(default_factory=list)
    """Its atoms and those of its inner groups."""
    varying: list[str] = field(default_factory=list)
    """Those of `atoms` that match once or more often, or not at all."""
    alternatives: bool = False


def repeats_within_repeat(pattern: str) -> str | None:
    """The part of a valid `pattern` that makes matching exponential, such as `(a+)+`; None where there is none.

    A group that begins or ends with a character that nothing of varying length in it can match, such as `([a-z]+/)+`,
    matches in one way only and passes.
    """
    groups = [_Group(0)]
    closed: _Group | None = None  # the group that ended just now
    for token in _TOKEN.finditer(pattern):
        group, before, closed = groups[-1], closed, None
        match token.lastgroup:
            case "open":
                groups.append(_Group(token.start()))
            case "close":
                closed = groups.pop()
                outer = groups[-1]
                outer.parts.append("")
                outer.atoms += closed.atoms
                outer.varying += closed.varying
                outer.alternatives |= closed.alternatives
            case "either":
                group.alternatives = True
            case "quantifier":
                if _may_be_none(token[0]):
                    group.optional.add(len(group.parts) - 1)
                if before is not None and before.varying and _unbounded(token[0]) and not _delimited(before):
                    return pattern[before.start : token.end()]
                if _varies(token[0]):
                    group.varying += before.atoms if before else group.atoms[-1:]
            case _:
                group.parts.append(token[0])
                group.atoms.append(token[0])
    return None


def _unbounded(quantifier: str) -> bool:
    return quantifier[0] in "*+" or quantifier.rstrip("?+").endswith(",}")


def _varies(quantifier: str) -> bool:
    return quantifier[0] in "*+?" or "," in quantifier


def _may_be_none(quantifier: str) -> bool:
    return quantifier[0] in "*?" or quantifier.startswith(("{0", "{,"))


def _delimited(group: _Group) -> bool:
    if group.alternatives:
        return False
    return any(
        at not in group.optional
        and (literal := _literal(group.parts[at])) is not None
        and not any(re.match(atom, literal) for atom in group.varying)
        for at in (0, len(group.parts) - 1)
    )


def _literal(atom: str) -> str | None:
    """The one character that the atom stands for, if it is a literal."""
    if len(atom) == 1 and atom not in ".^$":
        return atom
    return atom[1] if len(atom) == 2 and atom[0] == "\\" and not atom[1].isalnum() else None
