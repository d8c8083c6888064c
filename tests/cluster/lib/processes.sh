# shellcheck shell=bash
# Long-running processes: one record "PID START BOOT" for each, so that a recycled pid is never taken for ours.

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Field 22 of stat; the command name before it may hold blanks and parentheses.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  # A zombie has ended, though its entry remains until its parent collects it.
  [ "$1" != Z ] && printf '%s\n' "${20}"
}

# pid_of NAME: prints the pid when the recorded process still runs.
pid_of() {
  local pid start boot
  [ -f "$STATE/pid/$1" ] && read -r pid start boot <"$STATE/pid/$1" || return 1
  [ "$boot" = "$(boot_id)" ] && [ "$(start_time "$pid")" = "$start" ] && printf '%s\n' "$pid"
}
running() { pid_of "$1" >/dev/null; }

# start NAME COMMAND...: runs a process in the cluster's network namespace, unless it runs already.
start() {
  local name=$1 pid
  shift
  if running "$name"; then return 0; fi
  mkdir -p "$STATE/pid" "$STATE/log"
  # setsid and nsenter both become the command, so the pid stays. 9 is the lock of this script, not the daemon's.
  setsid nsenter --net="$NETNS" "$@" >>"$STATE/log/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  printf '%s %s %s\n' "$pid" "$(start_time "$pid")" "$(boot_id)" >"$STATE/pid/$name"
}

# stop NAME...: asks all to end, then kills those that have not after five seconds.
stop() {
  local name pid
  for name; do if pid=$(pid_of "$name"); then kill "$pid" 2>/dev/null || true; fi; done
  for name; do
    eventually 5 not_running "$name" || { pid=$(pid_of "$name") && kill -KILL "$pid" 2>/dev/null; } || true
    rm -f "$STATE/pid/$name"
  done
}
not_running() { ! running "$1"; }

# last_words NAME: why a component did not come up.
last_words() { tail -n 15 "$STATE/log/$1.log" >&2 || true; }
