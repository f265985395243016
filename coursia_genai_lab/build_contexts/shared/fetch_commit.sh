#!/bin/sh
# fetch_commit.sh URL COMMIT FOLDER: bring exactly this commit, and nothing if it is another.
set -eu
url=$1 commit=$2 folder=$3
git init --quiet "$folder"
cd "$folder"
git fetch --quiet --depth 1 "$url" "$commit"
git checkout --quiet --detach FETCH_HEAD
found=$(git rev-parse HEAD)
if [ "$found" != "$commit" ]; then
  echo "fetch_commit.sh: $url gave $found in place of $commit" >&2
  cd / && rm -rf "$folder"
  exit 1
fi
rm -rf .git
