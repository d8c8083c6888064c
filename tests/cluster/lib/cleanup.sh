# shellcheck shell=bash
# Ends and removes what containerd and the kubelet left, whether they still run or died.

# A shim carries the address of the containerd that started it.
shim_pids() {
  local dir args
  for dir in /proc/[0-9]*; do
    args=$(tr '\0' ' ' 2>/dev/null <"$dir/cmdline") || continue
    if [[ $args == */containerd-shim-runc-v2\ * && " $args" == *" -address $SOCKET "* ]]; then echo "${dir#/proc/}"; fi
  done
}

# A process of a container of ours is in a control group that ends in the container's id. The ids are those of
# containerd's task directories (which the shims use too).
container_pids() {
  local ids=() dir groups id
  for dir in "$STATE/containerd/state/io.containerd.runtime.v2.task/k8s.io"/*/; do
    dir=${dir%/}
    if [[ ${dir##*/} != '*' ]]; then ids+=("${dir##*/}"); fi
  done
  [ ${#ids[@]} -gt 0 ] || return 0
  for dir in /proc/[0-9]*; do
    groups=$(cat "$dir/cgroup" 2>/dev/null) || continue
    [[ $groups == *kubepods* ]] || continue
    for id in "${ids[@]}"; do
      if [[ $groups == *"/$id"* ]]; then
        # A zombie needs no killing.
        if start_time "${dir#/proc/}" >/dev/null; then echo "${dir#/proc/}"; fi
        break
      fi
    done
  done
}

kill_all() {
  local pids
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    pids=$("$1")
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    sleep 0.2
  done
}

# /proc/mounts writes a blank as \040.
mounts_below() { awk -v dir="${1// /\\\\040}/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r; }
unmount_below() {
  local target
  mounts_below "$1" | while IFS= read -r target; do
    target=$(printf '%b' "$target")
    umount "$target" 2>/dev/null || umount -l "$target" 2>/dev/null || true
  done
}

# A shim listens below /run/containerd, at the hash of containerd's address, the namespace and the sandbox's id.
remove_shim_sockets() {
  local dir hash
  for dir in "$STATE/containerd/root/io.containerd.grpc.v1.cri/sandboxes"/*/ \
    "$STATE/containerd/state/io.containerd.runtime.v2.task/k8s.io"/*/; do
    hash=$(printf '%s/k8s.io/%s' "$SOCKET" "$(basename "$dir")" | sha256sum)
    rm -f "/run/containerd/s/${hash%% *}"
  done
}

# Paths outside our directory, which containerd and the kubelet do not let one choose.
remove_traces() {
  local file uid link group target
  remove_shim_sockets
  rm -f /var/lib/cni/results/"$CLUSTER_NAME"-*
  for file in "$STATE/containerd/root/io.containerd.grpc.v1.cri/sandboxes"/*/; do
    rm -f /var/lib/cni/results/cni-loopback-"$(basename "$file")"-*
  done
  for file in "$STATE/kubelet/pods"/*/; do
    uid=$(basename "$file")
    [ "$uid" = '*' ] && continue
    rm -rf --one-file-system /var/log/pods/*_"$uid"
    # An empty group only: another Kubernetes keeps its own.
    while IFS= read -r group; do
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done < <(find /sys/fs/cgroup -type d -name "*pod$uid*" 2>/dev/null | sort -r)
  done
  # Logs of pods that were deleted a moment ago: the links to them end in the id of a container of ours.
  for file in "$STATE/containerd/root/io.containerd.grpc.v1.cri/containers"/*/; do
    for link in /var/log/containers/*-"$(basename "$file")".log; do
      if [ -L "$link" ]; then
        target=$(readlink "$link")
        if [[ $target =~ ^(/var/log/pods/[^/]+)/ ]]; then rm -rf --one-file-system "${BASH_REMATCH[1]}"; fi
      fi
    done
  done
  for link in /var/log/containers/*.log; do
    if [ -L "$link" ] && [ ! -e "$link" ]; then rm -f "$link"; fi
  done
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
  if [ ! -e /var/lib/kubelet/pki ]; then rm -f /var/lib/kubelet/device-plugins/{DEPRECATION,kubelet.sock}; fi
  rmdir /var/log/pods /var/log/containers /var/lib/kubelet/device-plugins /var/lib/kubelet /run/containerd/s 2>/dev/null || true
}

restore_tunables() {
  local name value
  [ -f "$STATE/tunables" ] || return 0
  while read -r name value; do echo "$value" >"/proc/sys/$name" 2>/dev/null || true; done <"$STATE/tunables"
}
