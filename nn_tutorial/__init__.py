"""The package that goes with the book. You can copy single modules from it.

Import the module you need, for example ``from nn_tutorial.datasets import flower``.
Importing ``nn_tutorial`` itself loads nothing heavy.
"""

__version__ = "0.2.0"
