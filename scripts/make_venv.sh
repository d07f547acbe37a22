#!/bin/sh
# Make VENV from hashed locks and install the project into it: make_venv.sh VENV LOCK...
# PYTHON chooses the interpreter; otherwise the newest one that can make a venv is taken.
set -eu

fail() {
  echo "set-up failed: $1" >&2
  exit 1
}

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
can_make_venvs='import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'

find_python() { # CHECK: prints the first interpreter that passes it
  for python in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
    if "$python" -c "$1" >/dev/null 2>&1; then
      command -v "$python"
      return
    fi
  done
  return 1
}

install_venv_module() {
  [ -e /etc/debian_version ] || fail "$bare has no venv module: install it the way your system does"
  [ "$(id -u)" = 0 ] || fail "$bare has no venv module: run 'sudo apt-get install python3-venv', then try again"
  echo "Installing python3-venv with apt, because $bare has no venv module" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
}

make_venv() {
  if python=$(find_python "$can_make_venvs"); then
    :
  elif bare=$(find_python "$new_enough"); then
    install_venv_module
    python=$(find_python "$can_make_venvs") || fail "$bare still can't make a venv: install its venv module"
  else
    fail "no Python 3.11 or newer found: install one, or name it with PYTHON=/path/to/python"
  fi
  "$python" -m venv --clear "$venv"
}

venv=$1
shift
for lock in "$@"; do
  set -- "$@" -r "$lock"
  shift
done

if command -v uv >/dev/null; then
  pip="uv pip install --quiet --python $venv/bin/python"
  make_venv() { uv venv --quiet --python "${PYTHON:->=3.11}" --clear "$venv"; }
else
  pip="$venv/bin/python -m pip install --quiet --disable-pip-version-check"
fi

if ! "$venv/bin/python" -c "$new_enough" >/dev/null 2>&1; then
  echo "Making $venv" >&2
  make_venv
fi
echo "Installing the locked dependencies (a minute or two the first time)" >&2
$pip --require-hashes "$@"
$pip --no-deps --no-build-isolation --editable .
