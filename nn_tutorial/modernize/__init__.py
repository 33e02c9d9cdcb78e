"""Bring PyTorch code of 2017 to 2019 up to date, and say what has changed.

On the command line::

    python -m nn_tutorial.modernize [--write | --diff] [--check] [--lang zh|en]
                                    [--select RULES] [--ignore RULES] [--exclude GLOB]
                                    [--format text|json] PATH...

The chapter on old code explains every habit that is found. This folder needs libcst
(``python -m pip install libcst``) and nothing else, not even PyTorch: the code is read,
never run. Copied alone into another project it works as ``python -m modernize``.
"""
