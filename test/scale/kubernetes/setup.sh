#!/usr/bin/env bash
# Installs what checks the Helm chart of examples/kubernetes: Helm, from the Go registry, into
# build/helm; the schemas of KEDA and of the Prometheus operator into node_modules here; those of
# Kubernetes into .venv here. It takes some minutes, because Helm is compiled.
source "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib.sh"

HELM=v3.18.6
helm=$PWD/build/helm/$HELM
if [[ ! -x $helm/helm ]]; then
  go=$(command -v go || echo /usr/local/go/bin/go)
  [[ -x $go ]] || die "Helm is compiled with Go, which is missing; install the Debian package golang"
  step "Compiling Helm $HELM"
  mkdir -p "$helm"
  # By default, Helm takes the version of Kubernetes for one from 2020.
  capabilities=helm.sh/helm/v3/pkg/chartutil
  GOBIN=$helm GOFLAGS=-p=2 quiet nice "$go" install \
    -ldflags="-s -w -X $capabilities.k8sVersionMajor=1 -X $capabilities.k8sVersionMinor=33" \
    "helm.sh/helm/v3/cmd/helm@$HELM"
fi
ln -sfn "$HELM/helm" build/helm/helm

cd test/scale/kubernetes
stamp=node_modules/.node-asgi-stamp
want=$(hash_of package.json package-lock.json)
if ! stamped "$stamp" "$want"; then
  step 'Installing the schemas of KEDA and of the Prometheus operator'
  quiet npm ci --no-audit --no-fund --ignore-scripts
  echo "$want" >"$stamp"
fi

stamp=.venv/installed
if ! cmp -s requirements.txt "$stamp"; then
  step 'Installing the schemas of Kubernetes'
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv
  quiet .venv/bin/pip install --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$stamp"
fi
