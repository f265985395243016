"""What the operator can set: the traits, and the frozen values that they become."""

from .settings import LabSettings as LabSettings
from .settings import WithholdKeys as WithholdKeys
from .traits import MODES as MODES
from .traits import RUNTIMES as RUNTIMES
from .traits import GenAILab as GenAILab
