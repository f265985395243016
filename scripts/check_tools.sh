#!/usr/bin/env bash
# Say in one line what is missing and how to get it.
set -u
python="$1"
command -v "$python" >/dev/null || { echo "Python 3.10 or newer is missing: install it (Debian: apt-get install python3 python3-venv)."; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed, this is $("$python" -V 2>&1): install a newer one and run make PYTHON=python3.x."; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)."; exit 1; }
command -v node >/dev/null || { echo "Node 20 or newer is missing: install it (Debian: apt-get install nodejs npm, or see nodejs.org)."; exit 1; }
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { echo "Node 20 or newer is needed, this is $(node -v): install a newer one (see nodejs.org)."; exit 1; }
command -v npm >/dev/null || { echo "npm is missing: it comes with Node (Debian: apt-get install npm)."; exit 1; }
