"""`training` is scripts, not an installed package: the repository's root goes on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
