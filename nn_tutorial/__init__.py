"""Companion package of the book: each module stands alone and can be copied.

Import the module you need, for example ``from nn_tutorial.datasets import flower``.
Importing ``nn_tutorial`` itself loads nothing heavy.
"""

from importlib.metadata import version as _version

__version__ = _version("nn_tutorial")
