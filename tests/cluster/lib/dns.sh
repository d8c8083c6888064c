# shellcheck shell=bash
# Cluster names for pods: dnsmasq answers from a file that lib/dns-feed.sh keeps equal to the Services.

dns_ready() {
  local answer
  answer=$(grep -m1 '[[:blank:]]kubernetes\.default\.svc\.cluster\.local$' "$STATE/dns-hosts")
  [ "${answer%%[[:blank:]]*}" = "$KUBERNETES_IP" ] && running dns
}

dns_up() {
  [ -f "$STATE/dns-hosts" ] || : >"$STATE/dns-hosts"
  # No upstream: what is not in the file does not exist (NXDOMAIN), whatever its domain.
  start dns dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --group=root --pid-file= --log-facility=- \
    --no-resolv --no-hosts --addn-hosts="$STATE/dns-hosts" --local=/#/ \
    --listen-address="$NODE_IP" --bind-interfaces --except-interface=lo --cache-size=10000
  start dns-feed "$HERE/lib/dns-feed.sh"
}
