"""How the lab has its programs: what is needed is data, and each program is verified and kept by its content.

``obtain`` is the way in, ``Yard`` the one for what may come later. Belongs here: recipes, pins, the cache, the Go toolchain, downloads.
Does not belong here: running any of the programs.
"""

from seatrial.lab.forge.obtain import Programs, obtain, outlook
from seatrial.lab.forge.yard import Absent, Yard

__all__ = ["Absent", "Programs", "Yard", "obtain", "outlook"]
