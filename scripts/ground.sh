# The ground every script stands on: system packages, a virtual environment from a hash-locked list.
# Sourced, not run. Callers set `-euo pipefail` and change to the project's root first.

say() { printf '\033[1m•\033[0m %s\n' "$*" >&2; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# need_packages NAME…: install what is missing through apt, or print the one line to run.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local as=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || stop "These packages are missing. Run this line, then start again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
    as=(sudo -n)
  fi
  say "Installing system packages: ${missing[*]}"
  local log; log=$(mktemp)
  if ! { "${as[@]}" apt-get update -qq \
      && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
      >"$log" 2>&1; then
    tail -20 "$log" >&2; rm -f "$log"
    stop "The system packages could not be installed (see above). Check the network, then start again."
  fi
  rm -f "$log"
}

# python_here: print the first Python that the House runs on.
python_here() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null \
        && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$name"; return 0
    fi
  done
  stop "Python 3.11, 3.12 or 3.13 is needed (Debian 12 and 13 and Raspberry Pi OS have one: apt-get install python3)."
}

# need_venv LOCK: bring .venv to exactly what LOCK says; nothing is done when it already is.
need_venv() {
  local lock=$1 python stamp wanted
  python=$(python_here)
  wanted="$("$python" -V) $(cat "$lock" setup.cfg pyproject.toml | sha256sum | cut -c1-32)"
  stamp=.venv/made-from
  # The list of the tests holds all that the House needs, so it also serves to run it.
  if [ -x .venv/bin/python ] && grep -qxF "$lock $wanted" "$stamp" 2>/dev/null; then return 0; fi
  if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    say "Making the Python environment .venv"
    rm -rf .venv
    "$python" -m venv .venv || { rm -rf .venv; stop "The environment could not be made: install python3-venv."; }
  fi
  say "Installing the Python libraries of $lock (checked by hash)"
  local log; log=$(mktemp)
  if ! { .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "$lock" \
      && .venv/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .; } \
      >"$log" 2>&1; then
    tail -25 "$log" >&2; rm -f "$log"
    stop "The Python libraries could not be installed (see above)."
  fi
  rm -f "$log"
  touch "$stamp"
  grep -vF "$lock " "$stamp" >"$stamp.new" || true
  echo "$lock $wanted" >>"$stamp.new"
  mv "$stamp.new" "$stamp"
}

# What its environment is made with: two of the libraries come as source and want a compiler and headers.
PYTHON_PACKAGES=(python3 python3-venv python3-dev gcc libc6-dev libcups2-dev libusb-1.0-0)
# What the House itself needs beside Python. (The print service itself, cups and cups-filters, is 95 MB more and only
# for a House with a real printer of A4: docs/SHEETS.md, and `hub doctor` asks for it.)
HOUSE_PACKAGES=("${PYTHON_PACKAGES[@]}"
  sane-utils sane-airscan espeak-ng opus-tools alsa-utils fonts-noto-core libfribidi0)
