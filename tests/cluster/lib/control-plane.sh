# shellcheck shell=bash
# Certificates, etcd, API server, controllers, scheduler.

API=https://$NODE_IP:6443
ETCD=http://127.0.0.1:2379 # loopback of the cluster's namespace

kubectl_admin() { kubectl --kubeconfig "$KUBECONFIG_FILE" "$@"; }
api_ready() { [ "$(kubectl_admin --request-timeout 2s get --raw /readyz 2>/dev/null)" = ok ]; }

certificates() {
  if [ -f "$STATE/pki/complete" ]; then return 0; fi
  mkdir -p "$STATE/pki"
  chmod 700 "$STATE/pki"
  (
    cd "$STATE/pki"
    exec 2>openssl.log
    key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
    key ca
    openssl req -x509 -new -key ca.key -out ca.crt -days 3650 -subj /CN=agent-readiness-ca
    names=IP:127.0.0.1,IP:$NODE_IP,IP:$KUBERNETES_IP,DNS:localhost,DNS:node1,DNS:kubernetes,DNS:kubernetes.default
    names+=,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
    sign() {
      key "$1"
      openssl req -new -key "$1.key" -out "$1.csr" -subj "$2"
      openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$1.crt" \
        -extfile <(echo "subjectAltName=$names")
    }
    sign apiserver /CN=kube-apiserver
    sign admin /O=system:masters/CN=admin
    sign node /O=system:nodes/CN=system:node:node1
    sign front-proxy /CN=front-proxy-client
    openssl genrsa -out sa.key 2048
    openssl rsa -in sa.key -pubout -out sa.pub
    touch complete
  ) || { cat "$STATE/pki/openssl.log" >&2; die "certificates could not be made"; }
}

# write_kubeconfig FILE CERTIFICATE: all data inside, so that the file can be copied and mounted.
write_kubeconfig() {
  data() { base64 -w0 <"$STATE/pki/$1"; }
  (
    umask 077
    cat >"$1" <<EOT
apiVersion: v1
kind: Config
clusters: [{name: $CLUSTER_NAME, cluster: {server: "$API", certificate-authority-data: $(data ca.crt)}}]
users: [{name: $2, user: {client-certificate-data: $(data "$2.crt"), client-key-data: $(data "$2.key")}}]
contexts: [{name: $CLUSTER_NAME, context: {cluster: $CLUSTER_NAME, user: $2}}]
current-context: $CLUSTER_NAME
EOT
  )
}

control_plane() {
  certificates
  write_kubeconfig "$KUBECONFIG_FILE" admin
  write_kubeconfig "$STATE/node.kubeconfig" node

  # Nothing here outlives `down`, so no write waits for the disk.
  start etcd etcd --data-dir "$STATE/etcd" --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
    --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
  # TTLAfterFinished: on by default in every Kubernetes of today.
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers "$ETCD" --bind-address "$NODE_IP" --advertise-address "$NODE_IP" \
    --secure-port 6443 --tls-cert-file "$STATE/pki/apiserver.crt" --tls-private-key-file "$STATE/pki/apiserver.key" \
    --client-ca-file "$STATE/pki/ca.crt" --cert-dir "$STATE/apiserver" \
    --service-account-key-file "$STATE/pki/sa.pub" --service-account-signing-key-file "$STATE/pki/sa.key" \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-cluster-ip-range "$SERVICE_RANGE" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --allow-privileged --feature-gates TTLAfterFinished=true --kubelet-preferred-address-types InternalIP \
    --kubelet-client-certificate "$STATE/pki/admin.crt" --kubelet-client-key "$STATE/pki/admin.key" \
    --requestheader-client-ca-file "$STATE/pki/ca.crt" --requestheader-allowed-names front-proxy-client \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-extra-headers-prefix X-Remote-Extra- \
    --proxy-client-cert-file "$STATE/pki/front-proxy.crt" --proxy-client-key-file "$STATE/pki/front-proxy.key"
  local until=$((SECONDS + 60))
  until api_ready; do
    if ! running etcd; then last_words etcd; die "etcd ended: see $STATE/log, or start anew with '${0##*/} down'"; fi
    if ! running kube-apiserver; then last_words kube-apiserver; die "the API server ended"; fi
    if ((SECONDS > until)); then last_words kube-apiserver; die "the API server is not ready"; fi
    sleep 0.2
  done

  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig "$KUBECONFIG_FILE" --leader-elect=false \
    --use-service-account-credentials --service-account-private-key-file "$STATE/pki/sa.key" \
    --root-ca-file "$STATE/pki/ca.crt" --cluster-signing-cert-file "$STATE/pki/ca.crt" \
    --cluster-signing-key-file "$STATE/pki/ca.key" --feature-gates TTLAfterFinished=true --allocate-node-cidrs \
    --cluster-cidr "$POD_RANGE" --service-cluster-ip-range "$SERVICE_RANGE" --flex-volume-plugin-dir "$STATE/volume-plugins"
  start kube-scheduler "$BIN/kube-scheduler" --kubeconfig "$KUBECONFIG_FILE" --leader-elect=false
}
