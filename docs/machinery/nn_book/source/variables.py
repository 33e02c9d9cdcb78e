"""Which global names a statement of Python uses, and which it defines."""

import ast
import symtable
from collections.abc import Iterator


def names_of(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the global names that a statement uses, and those that it defines.

    A name that a compound statement (a loop, a function) defines for itself does not
    count as used, although it may be used in it.
    """
    table = symtable.symtable(ast.unparse(statement), "statement", "exec")
    defined = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }
    used = set(_used(table))
    return (used - defined if hasattr(statement, "body") else used), defined


def _used(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        at_top = table.get_type() == "module"
        if symbol.is_referenced() if at_top else symbol.is_global():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _used(child)
