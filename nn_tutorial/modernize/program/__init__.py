"""What a Python program says about its names and values, read from a syntax tree.

The rules ask questions such as "does this name hold one number?" or "did this tensor
come out of a network?". They are answered here from the text alone; nothing is imported
or run. An answer is ``True`` only when every way the value can have come about says so:
when in doubt, the rule leaves the line to the reader.
"""

from __future__ import annotations

from .names import COMPREHENSIONS
from .tensors import FRESH_TENSORS, LOSS_FUNCTIONS, Program
from .tree import Binding, children, is_followed, literal, operands
from .values import keyword, method, positional

__all__ = [
    "COMPREHENSIONS", "FRESH_TENSORS", "LOSS_FUNCTIONS", "Binding", "Program",
    "children", "is_followed", "keyword", "literal", "method", "operands", "positional",
]  # fmt: skip
