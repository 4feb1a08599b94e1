# shellcheck shell=bash
# What the commands of ./dev share: messages, packages, Bazel.

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo to run: $*"
  fi
}

# Prints the version of package $1, or nothing if it is not installed.
installed_version() {
  local state
  state=$(dpkg-query -W -f='${db:Status-Status} ${Version}' "$1" 2>/dev/null) || return 0
  case $state in
    'installed '*) printf '%s' "${state#installed }" ;;
  esac
}

apt_get() {
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@" \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Installs what is missing of the package sets $@ (tools/dev/packages.txt).
need() {
  local wanted=" $* " set package pin version missing=() names=()
  command -v dpkg-query >/dev/null || die "needs Debian 12: dpkg is not there"
  while read -r set package pin; do
    case $wanted in *" $set "*) ;; *) continue ;; esac
    version=$(installed_version "$package")
    if [ -z "$version" ]; then
      missing+=("$package=$pin*")
      names+=("$package")
    elif [[ $version != "$pin"* ]]; then
      say "note: $package is $version; the project is tested with $pin"
    fi
  done < <(grep -v -E '^(#|$)' "$root/tools/dev/packages.txt")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing with apt-get: ${names[*]}"
  apt_get update || say "note: apt-get update failed; going on with the lists that are here"
  apt_get install --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]} (these are Debian 12's packages)"
}

# Runs Bazel. Debian's own, by its path: another one in PATH may be of any version.
bazel_run() {
  local startup=()
  read -r -a startup <<<"${BAZEL_STARTUP_FLAGS:-}"
  # Without a home to write to, Bazel has no place for its output.
  [ -n "${HOME:-}" ] && [ -w "$HOME" ] ||
    startup+=("--output_user_root=${TMPDIR:-/tmp}/mesh-bazel-$(id -u)")
  /usr/bin/bazel "${startup[@]}" "$@"
}

# Runs Bazel's command $1 with the flags that suit where it runs.
bazel_do() {
  local command=$1 flags=()
  shift
  read -r -a flags <<<"${BAZEL_FLAGS:-}"
  if [ -n "${CI:-}" ] || ! [ -t 2 ]; then
    flags+=(--color=no --curses=no --show_progress_rate_limit=15)
  fi
  [ -z "${CI:-}" ] || flags+=(--jobs=2)
  bazel_run "$command" "${flags[@]}" "$@"
}

# Prints the folder of what `bazel build $@` builds.
bazel_bin() { bazel_run info "$@" bazel-bin 2>/dev/null; }

# Whether BUILD.bazel of package $1 names target $2.
has_target() { grep -q "name = \"$2\"" "$root/$1/BUILD.bazel" 2>/dev/null; }
