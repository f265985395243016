"""Run our reader of GPUs over the fake `pynvml` beside this file.

    python read.py STATE

STATE is the JSON file of the simulated devices.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[2]))

from coursia_genai_lab.gpu import child

if __name__ == "__main__":
    os.environ["FAKE_NVML"] = sys.argv[1]
    child.main(same_pids=True)
