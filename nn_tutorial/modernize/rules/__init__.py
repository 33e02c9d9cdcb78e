"""The rules: where an old habit stands, and what may be rewritten without risk.

Each file holds those of one subject. Importing a file is what registers its rules.
"""

from . import arguments as arguments
from . import data as data
from . import devices as devices
from . import elements as elements
from . import evaluation as evaluation
from . import kinds as kinds
from . import language as language
from . import losses as losses
from . import renamed as renamed
from . import targets as targets
from . import training as training
from . import variables as variables
from .base import Edit, Finding, find_habits
from .needs import needed_edits

__all__ = ["Edit", "Finding", "find_habits", "needed_edits"]
