"""Check an answer to an exercise of the book, with a hint in the reader's language.

`check` is all that a reader needs. It reads the checks of a chapter from the module
of this folder that has the chapter's name; `nn_tutorial.exercises.core` says how they
are written. Needs torch and numpy, and the rest of the package: it is not for copying.
"""

from nn_tutorial.exercises.core import Feedback, Hint, check

__all__ = ["Feedback", "Hint", "check"]
