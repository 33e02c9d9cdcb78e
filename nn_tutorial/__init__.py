"""Companion package of the book: each module stands alone and can be copied.

Import the module you need, for example ``from nn_tutorial.datasets import flower``.
Importing ``nn_tutorial`` itself loads nothing heavy.
"""

__version__ = "0.2.0"
