"""Workers import what they build by name, so the actors need a place on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
