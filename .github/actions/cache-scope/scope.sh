#!/bin/sh
# Computes the cache scope of WORKFLOW on REF, and those it may fall back on: of the branches BASE and DEFAULT where set.
#
# A cache scope is HASH-WORKFLOW-REF. Letters, digits, '.', '_' and '-' of the names are kept, up to a limit; the hash of
# the whole names keeps apart what then looks the same. The ref is last: dockcache-tui knows a cache mount's branch by
# the end of its id.
set -eu
export LC_ALL=C

fail() {
  echo "::error title=No cache scope::$1 is empty" >&2
  exit 1
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-"$1"
}

whole() { # TEXT: a name for it that holds nothing special
  printf '%s' "$1" | digest 64
}

readable() { # TEXT LENGTH
  printf '%s' "$1" | tr -c 'A-Za-z0-9._-' - | cut -c 1-"$2"
}

scope() { # REF
  hash=$(echo "$(whole "$WORKFLOW") $(whole "$1")" | digest 16)
  name=${1#refs/heads/} name=${name#refs/tags/} name=${name#refs/pull/}
  echo "$hash-$(readable "$WORKFLOW" 24)-$(readable "$name" 48)"
}

[ -n "${WORKFLOW:-}" ] || fail WORKFLOW
[ -n "${REF:-}" ] || fail REF
own=$(scope "$REF")
fallbacks=
for ref in ${BASE:+"refs/heads/$BASE"} ${DEFAULT:+"refs/heads/$DEFAULT"}; do
  other=$(scope "$ref")
  case " $own $fallbacks " in
    *" $other "*) ;;
    *) fallbacks="$fallbacks${fallbacks:+ }$other" ;;
  esac
done
[ -z "${GITHUB_ENV:-}" ] || echo "CACHE_SCOPE=$own" >>"$GITHUB_ENV"
[ -z "${GITHUB_OUTPUT:-}" ] || exec >>"$GITHUB_OUTPUT"
echo "scope=$own"
echo "fallbacks=$fallbacks"
