"""Check an answer to an exercise of the book, with a hint in the reader's language.

Readers only need `check`. It reads the checks of a chapter from the module of this
folder with the chapter's name; `nn_tutorial.exercises.core` says how to write them.
Needs torch, numpy and the rest of the package, so it is not meant to be copied.
"""

from nn_tutorial.exercises.core import Feedback, Hint, check

__all__ = ["Feedback", "Hint", "check"]
