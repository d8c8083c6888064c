#!/usr/bin/env bash
# Checks how the sources are written, in well under a minute: formatting, the length of lines, shell scripts.
# The last line is "lint: ok", or "lint: N checks failed" after what each of them found.
#
# `dotnet format style` and `dotnet format analyzers` are left out: they took 3.5 minutes for the solution, and find nothing that the build
# does not, which runs the same analyzers with warnings as errors (Directory.Build.props). `dotnet format whitespace --folder` reads
# .editorconfig (end of line, charset, last line) without loading a project.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
failed=0

check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "lint: $name: ok"
  else
    printf 'lint: %s: failed\n%s\n' "$name" "$said"
    failed=$((failed + 1))
  fi
}

# Characters and not bytes are counted, as CSharpier and .editorconfig do.
short_lines() {
  local long
  long=$(LC_ALL=C.UTF-8 grep -rnE --include='*.cs' '.{141}' operator tests)
  [ -z "$long" ] || { echo "lines of more than 140 characters:"; cut -c1-200 <<<"$long"; return 1; }
}

csharpier() { dotnet tool restore >/dev/null && dotnet csharpier check .; }

whitespace() { dotnet format whitespace . --folder --verify-no-changes --include operator/ tests/; }

shell_scripts() {
  find operator tests charts -name '*.sh' -print0 | xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR:SCRIPTDIR/.. .ci/run
}

# shellcheck source=tests/cluster/lib/common.sh
has_shellcheck() { command -v shellcheck >/dev/null || (. tests/cluster/lib/common.sh && install_packages shellcheck) 2>/dev/null; }

check "CSharpier" csharpier
check "dotnet format whitespace" whitespace
check "lines of at most 140 characters" short_lines
if has_shellcheck; then
  check "shellcheck" shell_scripts
else
  echo "lint: shellcheck: SKIPPED, as it is not installed and could not be installed from Debian's packages"
fi

if [ "$failed" -gt 0 ]; then
  echo "lint: $failed checks failed"
  exit 1
fi
echo "lint: ok"
