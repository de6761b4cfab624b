"""The language of formulas: how one is read, checked and made into a small tree that a browser can compute.

What an owner writes: `width * height / 10000 * glass`, `if(rooms > 3, 0.9, 1) * labour`, `max(total, 250)`,
`round(area, 1)`, `lookup(freight, area)`. There are numbers (`12`, `0.5`), texts (`"Oak"`), `true` and `false`;
`+ - * /`; `< <= > >= = !=`; `and or not`; `if(condition, then, otherwise)`, also written `then if condition else
otherwise`; `min`, `max`; `round(x, places)` (half up), `roundup`, `rounddown`; `lookup(table, key)`. Capital and small
letters are the same. A name stands for a field, or for a result, whichever place that has in the list.

Three types: number, truth (yes or no), text. Money is a number. A choice is its price where a number is needed and the
chosen line where a text is; a box is its price (nothing while it is not ticked) or yes and no. All else is refused.

Numbers are exact fractions from the first to the last step, in Python and in TypeScript alike: 1/3*3 is 1, and 0.1+0.2
is 0.3. They are rounded only where `round` says so and where a result is shown, half up (5 away from zero, as
on an invoice); formulas that use a shown result get the rounded one, so that the lines of a quote add up. A number of
10^15 or more, or one whose denominator in lowest terms exceeds 10^30, is too large.

A formula is cut into words here, every name and literal is replaced by a placeholder, and only then does Python's own
parser (ast, mode eval) see it, for the grammar. It is never compiled. Limits hold before that.
"""

from __future__ import annotations

import ast
import difflib
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

LENGTH = 1000  # characters of a formula
WORDS = 300  # names, literals and signs
NESTING = 20  # brackets within brackets
DEPTH = 100  # levels of the tree
DIGITS = 15  # of a number before its point
DECIMALS = 12
TEXT_LENGTH = 120
QUOTED = 40  # characters of a formula quoted in a sentence

FUNCTIONS = frozenset({"if", "min", "max", "round", "roundup", "rounddown", "lookup"})
KEYWORDS = frozenset({"if", "else", "and", "or", "not"})
RESERVED = FUNCTIONS | KEYWORDS | {"true", "false"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")

_WORD = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*)
    | (?P<text>"[^"\n]*"|'[^'\n]*')
    | (?P<sign><=|>=|<>|!=|==|[-+*/()<>=,×÷−≤≥≠])""",
    re.VERBOSE,
)
# As people write it, and as the grammar has it.
_SIGNS = {"=": "==", "<>": "!=", "×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="}
_ARITHMETIC = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_COMPARISONS = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}

Tree = list[Any]


class Word(NamedTuple):
    """A piece of a formula: its kind (number, name, text, sign), as it is meant, and where it stands."""

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Formula:
    """A formula that could be read: its grammar, whose names are placeholders `_0`, `_1` … for the words."""

    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]  # of the words in what the parser saw
    body: ast.expr

    @property
    def names(self) -> frozenset[str]:
        """Every name in it."""
        return frozenset(word.value for word in self.words if word.kind == "name")

    def word(self, node: ast.Name) -> Word:
        """What a placeholder stands for."""
        return self.words[int(node.id[1:])]

    def said(self, node: ast.expr) -> str:
        """The part of the text that a node was read from, shortened to quote it."""
        first = bisect_right(self.starts, node.col_offset) - 1
        last = bisect_right(self.starts, (node.end_col_offset or 1) - 1) - 1
        text = self.text[self.words[first].start : self.words[last].end]
        return text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"


@dataclass(frozen=True)
class Scope:
    """What a formula may name. `fields`: number, choice or box, by name; `prices` of a choice's lines by what they are
    called (None: without); `price` of a box; `tables`: what their keys are, numbers or else these texts; `results`: the
    types of those that may be used."""

    fields: Mapping[str, str]
    choices: Mapping[str, Mapping[str, str | None]]
    prices: Mapping[str, str | None]
    tables: Mapping[str, Collection[str] | None]
    results: Mapping[str, str]


class Term(NamedTuple):
    """A checked part of a formula. `kind` is number, truth or text; choice or box as long as it may be either."""

    kind: str
    tree: Tree
    said: str


def read(text: str) -> Formula:
    """Read a formula. Raises Invalid with a sentence that says what is wrong with it."""
    if len(text) > LENGTH:
        raise Invalid(_("A formula has at most %(most)d characters: split it into several results.", most=LENGTH))
    words = _words(text)
    if not words:
        raise Invalid(_("Write a formula."))
    parts = [word.value if word.kind in ("sign", "keyword") else f"_{number}" for number, word in enumerate(words)]
    starts = [0, *accumulate(len(part) + 1 for part in parts[:-1])]
    try:
        body = ast.parse(" ".join(parts), mode="eval").body
    except SyntaxError as error:
        number = bisect_right(starts, (error.offset or 1) - 1) - 1
        raise Invalid(_unreadable(text, words, number)) from None
    return Formula(text, tuple(words), tuple(starts), body)


def check(formula: Formula, scope: Scope) -> tuple[str, Tree]:
    """The type (number, truth, text) and the tree of a formula. Raises Invalid with a sentence."""
    checker = _Checker(formula, scope)
    term = checker.term(formula.body, 0)
    if term.kind == "choice":
        return ("number", checker.number(term)) if checker.priced(term) else ("text", checker.text(term))
    if term.kind == "box":
        return ("number", checker.number(term)) if checker.priced(term) else ("truth", checker.truth(term))
    return term.kind, term.tree


def similar(name: str, known: Iterable[str]) -> str:
    """A sentence that asks whether the nearest of the known names was meant; nothing when none is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return " " + _("Did you mean “%(name)s”?", name=near[0]) if near else ""


def _words(text: str) -> list[Word]:
    found: list[Word] = []
    nesting, at = 0, 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise Invalid(_strange(text, at))
        kind, value, start, at = str(match.lastgroup), match[0], at, match.end()
        if kind == "space":
            continue
        if kind == "sign":
            value = _SIGNS.get(value, value)
            nesting += {"(": 1, ")": -1}.get(value, 0)
            if nesting < 0:
                raise Invalid(_("There is a closing bracket too many."))
        found.append(_word(found, kind, value, start, at, text))
        if len(found) > WORDS or nesting > NESTING:
            raise Invalid(_("This formula is too long or too deep: split it into several results."))
    if nesting:
        raise Invalid(_("A bracket is not closed."))
    return found


def _word(before: list[Word], kind: str, value: str, start: int, end: int, text: str) -> Word:
    if kind == "number":
        whole, _point, decimals = value.partition(".")
        if len(whole.lstrip("0")) > DIGITS or len(decimals) > DECIMALS:
            raise Invalid(_("“%(number)s” has too many digits.", number=value[:QUOTED]))
    if kind == "text":
        value = value[1:-1]
        if len(value) > TEXT_LENGTH:
            raise Invalid(_("A text in a formula has at most %(most)d characters.", most=TEXT_LENGTH))
    if kind == "name":
        value = value.lower()
        # "if" before a value is the function, after one it is the other way to write it.
        after_value = bool(before) and (before[-1].kind in ("number", "name", "text") or before[-1].value == ")")
        function = value == "if" and not after_value and text[end:].lstrip()[:1] == "("
        if value in KEYWORDS and not function:
            kind = "keyword"
    return Word(kind, value, start, end)


def _strange(text: str, at: int) -> str:
    if text[at] in "\"'":
        return _('A text is not closed: write it between two quotation marks, such as "Oak".')
    return _("“%(sign)s” has no meaning in a formula.", sign=text[at : at + 1])


def _unreadable(text: str, words: list[Word], number: int) -> str:
    if words[-1].kind in ("sign", "keyword") and words[-1].value != ")":
        return _("The formula breaks off: something is missing at its end.")
    return _("This cannot be read from “%(rest)s” on.", rest=text[words[max(number, 0)].start :][:30])


class _Checker:
    """Makes a tree of one formula's grammar, type by type."""

    def __init__(self, formula: Formula, scope: Scope) -> None:
        self.formula = formula
        self.scope = scope

    def term(self, node: ast.expr, depth: int) -> Term:
        if depth > DEPTH:
            raise Invalid(_("This formula is too long or too deep: split it into several results."))
        said = self.formula.said(node)
        deeper = depth + 1
        match node:
            case ast.Name():
                return self._name(self.formula.word(node), said)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                sides = [self.number(self.term(side, deeper)) for side in (left, right)]
                return Term("number", [_ARITHMETIC[type(op)], *sides], said)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Term("number", ["neg", self.number(self.term(operand, deeper))], said)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return Term("number", self.number(self.term(operand, deeper)), said)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Term("truth", ["not", self.truth(self.term(operand, deeper))], said)
            case ast.BoolOp(op=op, values=values):
                name = "and" if isinstance(op, ast.And) else "or"
                return Term("truth", [name, *(self.truth(self.term(value, deeper)) for value in values)], said)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._comparison([self.term(side, deeper) for side in (left, *others)], ops, said)
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return self._if([self.term(part, deeper) for part in (test, then, otherwise)], said)
            case ast.Call(func=ast.Name() as function, args=args, keywords=[]):
                return self._call(self.formula.word(function), args, deeper, said)
            case ast.Tuple(elts=[_first, *_others]):
                raise Invalid(_("A comma stands between the values of a function only; write decimals with a point."))
        raise Invalid(_("“%(said)s” cannot be read.", said=said))

    # ---- names and literals

    def _name(self, word: Word, said: str) -> Term:
        name = word.value
        if word.kind == "number":
            return Term("number", ["number", name], said)
        if word.kind == "text":
            return Term("text", ["text", name], said)
        if name in ("true", "false"):
            return Term("truth", ["truth", name == "true"], said)
        if name in self.scope.results:
            return Term(self.scope.results[name], ["result", name], said)
        if name in self.scope.fields:
            return Term(self.scope.fields[name], ["value", name], said)
        if name in FUNCTIONS:
            raise Invalid(_("“%(name)s” is a function: write brackets behind it.", name=name))
        if name in self.scope.tables:
            raise Invalid(_("“%(name)s” is a table: write lookup(%(name)s, …).", name=name))
        known = similar(name, {*self.scope.fields, *self.scope.results})
        raise Invalid(_("There is no field and no result called “%(name)s”.", name=name) + known)

    # ---- what is asked of a part

    def priced(self, term: Term) -> bool:
        name = str(term.tree[1])
        if term.kind == "box":
            return self.scope.prices[name] is not None
        return None not in self.scope.choices[name].values()

    def number(self, term: Term) -> Tree:
        if term.kind == "number":
            return term.tree
        if term.kind in ("choice", "box") and self.priced(term):
            return term.tree
        if term.kind == "choice":
            raise Invalid(
                _(
                    "“%(name)s” has no prices to reckon with: write them behind its choices, Oak = 120.",
                    name=term.said,
                )
            )
        if term.kind == "text":
            raise Invalid(_("“%(said)s” is a text where a number is needed.", said=term.said))
        raise Invalid(
            _("“%(said)s” is yes or no where a number is needed: write if(%(said)s, 100, 0), say.", said=term.said)
        )

    def truth(self, term: Term) -> Tree:
        if term.kind == "truth":
            return term.tree
        if term.kind == "box":
            return ["ticked", term.tree[1]]
        if term.kind == "text":
            raise Invalid(_("“%(said)s” is a text where yes or no is needed.", said=term.said))
        raise Invalid(
            _("“%(said)s” is a number where yes or no is needed: compare it, as in %(said)s > 0.", said=term.said)
        )

    def text(self, term: Term) -> Tree:
        if term.kind == "text":
            return term.tree
        if term.kind == "choice":
            return ["chosen", term.tree[1]]
        raise Invalid(_("“%(said)s” is no text, and texts compare with choices and texts only.", said=term.said))

    def _alike(self, one: Term, other: Term, *, prices: bool) -> tuple[str, Tree, Tree]:
        """Both as the same type; two choices or boxes by their prices, if those are wanted and there, or as such."""
        kinds = {one.kind, other.kind}
        undecided = kinds <= {"choice", "box"}
        if "number" in kinds or kinds == {"choice", "box"} or (undecided and prices and self._priced(one, other)):
            return "number", self.number(one), self.number(other)
        if "text" in kinds or kinds == {"choice"}:
            return "text", self.text(one), self.text(other)
        return "truth", self.truth(one), self.truth(other)

    def _priced(self, one: Term, other: Term) -> bool:
        return self.priced(one) and self.priced(other)

    # ---- comparisons and functions

    def _comparison(self, sides: list[Term], ops: list[ast.cmpop], said: str) -> Term:
        parts = []
        for one, op, other in zip(sides, ops, sides[1:], strict=False):
            name = _COMPARISONS.get(type(op))
            if name is None:
                raise Invalid(_("“%(said)s” cannot be read.", said=said))
            if name in ("eq", "ne"):
                self._has_choice(one, other)
                self._has_choice(other, one)
                _kind, left, right = self._alike(one, other, prices=False)
            else:
                left, right = self.number(one), self.number(other)
            parts.append([name, left, right])
        return Term("truth", parts[0] if len(parts) == 1 else ["and", *parts], said)

    def _has_choice(self, choice: Term, text: Term) -> None:
        if choice.kind != "choice" or text.tree[0] != "text":
            return
        lines = self.scope.choices[choice.tree[1]]
        if text.tree[1] not in lines:
            missing = _("“%(name)s” has no choice “%(choice)s”.", name=choice.said, choice=text.tree[1])
            raise Invalid(missing + similar(text.tree[1], lines))

    def _if(self, parts: list[Term], said: str) -> Term:
        test, then, otherwise = parts
        kind, one, other = self._alike(then, otherwise, prices=True)
        return Term(kind, ["if", self.truth(test), one, other], said)

    def _call(self, function: Word, args: list[ast.expr], depth: int, said: str) -> Term:
        name = function.value
        if function.kind != "name" or name not in FUNCTIONS:
            raise Invalid(_("There is no function “%(name)s”.", name=name[:40]) + similar(name, FUNCTIONS))
        if name == "lookup":
            return self._lookup(args, depth, said)
        if name in ("round", "roundup", "rounddown"):
            return self._round(name, args, depth, said)
        terms = [self.term(argument, depth) for argument in args]
        if name == "if":
            if len(terms) != 3:
                raise Invalid(_("Write if(condition, then, otherwise)."))
            return self._if(terms, said)
        if not terms:
            raise Invalid(_("Write %(name)s(…, …) with at least one value.", name=name))
        return Term("number", [name, *(self.number(term) for term in terms)], said)

    def _round(self, name: str, args: list[ast.expr], depth: int, said: str) -> Term:
        places = self._places(args[1]) if len(args) == 2 else 0 if len(args) == 1 else None
        if places is None:
            raise Invalid(_("Write %(name)s(value, places); places is a number from -6 to 6.", name=name))
        return Term("number", [name, self.number(self.term(args[0], depth)), places], said)

    def _places(self, node: ast.expr) -> int | None:
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            sign, node = -1, node.operand
        word = self.formula.word(node) if isinstance(node, ast.Name) else None
        return sign * int(word.value) if word and word.kind == "number" and re.fullmatch("[0-6]", word.value) else None

    def _lookup(self, args: list[ast.expr], depth: int, said: str) -> Term:
        if len(args) != 2 or not isinstance(args[0], ast.Name):
            raise Invalid(_("Write lookup(table, key)."))
        table, key = self.formula.word(args[0]).value, self.term(args[1], depth)
        if table not in self.scope.tables:
            raise Invalid(_("There is no table “%(name)s”.", name=table[:40]) + similar(table, self.scope.tables))
        lines = self.scope.tables[table]
        if lines is None:
            return Term("number", ["lookup", table, self.number(key)], said)
        choices = self.scope.choices[key.tree[1]] if key.kind == "choice" else ()
        known = [key.tree[1]] if key.tree[0] == "text" else choices
        missing = [one for one in known if one not in lines]
        if missing:
            raise Invalid(_("The table “%(name)s” has no line for “%(key)s”.", name=table, key=missing[0]))
        return Term("number", ["lookup", table, self.text(key)], said)
