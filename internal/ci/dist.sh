#!/usr/bin/env bash
# Makes the files of a release in the directory given (dist): binaries, packages,
# an image, a plugin of kubectl, manual pages, completions, a list of what is in
# them, and their SHA-256 sums. Two runs of one commit make the same bytes.
#
#   TARGETS="linux/amd64" internal/ci/dist.sh DIR     only these
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "${1:-dist}")
: "${TARGETS:=linux/amd64 linux/arm64 linux/arm linux/riscv64 linux/ppc64le linux/s390x linux/loong64 darwin/amd64 darwin/arm64 windows/amd64}"
here=$PWD/internal/ci/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
rm -rf "$out"
mkdir -p "$out"

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export CGO_ENABLED=0
version=$(sed -n 's/^const version = "\(.*\)"$/\1/p' cmd/auditscan/version.go)
[[ -n $version ]]

# pack ARCHIVE DIR: a tar of a directory's content that depends on nothing else.
pack() {
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --mode=u=rwX,go=rX \
		--format=gnu -C "$2" -cf - . | gzip -n9 >"$1"
}

# tool NAME PACKAGE: builds one of the tools that release/go.mod names.
tool() {
	go -C "$here" build -trimpath -o "$work/$1" "$2"
}

# shared DIR: what goes into each archive besides the binary.
shared() {
	mkdir -p "$1/man" "$1/completions"
	cp LICENSE README.md CHANGELOG.md SECURITY.md "$1"
	cp "$work"/man/*.1 "$1/man"
	cp "$work"/completions/* "$1/completions"
}

# tree DIR BINARY: the files of a package, where they are installed.
tree() {
	install -D "$2" "$1/usr/bin/auditscan"
	install -d "$1/usr/share/man/man1" "$1/usr/share/doc/auditscan"
	for page in "$work"/man/*.1; do
		gzip -n9 <"$page" >"$1/usr/share/man/man1/${page##*/}.gz"
	done
	install -m 0644 LICENSE README.md CHANGELOG.md SECURITY.md docs/*.md "$1/usr/share/doc/auditscan"
	install -Dm 0644 "$work/completions/auditscan.bash" "$1/usr/share/bash-completion/completions/auditscan"
	install -Dm 0644 "$work/completions/_auditscan" "$1/usr/share/zsh/site-functions/_auditscan"
	install -Dm 0644 "$work/completions/auditscan.fish" "$1/usr/share/fish/vendor_completions.d/auditscan.fish"
	install -d "$1/usr/lib/systemd/system"
	for unit in examples/systemd/*.service examples/systemd/*.socket; do
		sed 's#/usr/local/bin/#/usr/bin/#' "$unit" >"$1/usr/lib/systemd/system/${unit##*/}"
	done
}

# packages ARCH BINARY: deb, rpm, apk and Arch's.
packages() {
	local form dir=$work/package-$1
	tree "$dir/tree" "$2"
	cp "$here"/*.sh "$here/package.yaml" examples/systemd/auditscan-follow.logrotate "$dir"
	find "$dir" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} + # which some of them note
	for form in deb rpm apk archlinux; do
		(cd "$dir" && ARCH=$1 VERSION=$version "$work/nfpm" package -f package.yaml -p "$form" -t "$out" >log 2>&1) ||
			{ cat "$dir/log"; exit 1; }
	done
}

# plugin NAME BINARY: kubectl's, with the completion that kubectl asks for.
plugin() {
	local dir=$work/plugin-$1
	install -D "$2" "$dir/kubectl-auditscan${2##*auditscan}"
	printf '#!/bin/sh\nexec kubectl auditscan __complete "$@"\n' >"$dir/kubectl_complete-auditscan"
	chmod +x "$dir/kubectl_complete-auditscan"
	cp LICENSE "$dir"
	pack "$out/kubectl-auditscan_${version}_$1.tar.gz" "$dir"
}

# krew: the manifest of the plugins that were made.
krew() {
	cat <<-EOF
		apiVersion: krew.googlecontainertools.github.com/v1alpha2
		kind: Plugin
		metadata:
		  name: auditscan
		spec:
		  version: v$version
		  homepage: https://github.com/auditscan/auditscan
		  shortDescription: Turn seccomp audit records into tight profiles
		  description: |
		    Reads the records that a pod's calls left under SCMP_ACT_LOG, says whether
		    any are missing, and makes a seccomp profile of them.
		  platforms:
	EOF
	local file os
	for file in "$out"/kubectl-auditscan_*.tar.gz; do
		os=${file##*"_${version}_"} os=${os%.tar.gz}
		cat <<-EOF
			  - selector:
			      matchLabels:
			        os: ${os%_*}
			        arch: ${os#*_}
			    uri: https://github.com/auditscan/auditscan/releases/download/v$version/${file##*/}
			    sha256: $(sha256sum <"$file" | cut -d' ' -f1)
			    bin: kubectl-auditscan$([[ $os == windows* ]] && echo .exe)
		EOF
	done
}

# blob FILE TYPE [MORE]: puts a file into the image's store and prints its descriptor.
blob() {
	local sum
	sum=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$work/image/blobs/sha256/$sum"
	printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d%s}' "$2" "$sum" "$(stat -c %s "$1")" "${3:-}"
}

# image ARCH BINARY: one platform's image, from scratch; prints its descriptor.
image() {
	local dir=$work/layer-$1 revision created layer config
	revision=$(git rev-parse HEAD)
	created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)
	install -D "$2" "$dir/auditscan"
	pack "$work/layer-$1.tar.gz" "$dir"
	layer=$(blob "$work/layer-$1.tar.gz" layer.v1.tar+gzip)
	printf '{"created":"%s","architecture":"%s","os":"linux","config":{"User":"65534:65534","Entrypoint":["/auditscan"],"Labels":{"org.opencontainers.image.title":"auditscan","org.opencontainers.image.version":"%s","org.opencontainers.image.revision":"%s","org.opencontainers.image.source":"https://github.com/auditscan/auditscan","org.opencontainers.image.licenses":"Apache-2.0"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$created" "$1" "$version" "$revision" "$(gzip -dc "$work/layer-$1.tar.gz" | sha256sum | cut -d' ' -f1)" >"$work/config-$1"
	config=$(blob "$work/config-$1" config.v1+json)
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' "$config" "$layer" >"$work/manifest-$1"
	blob "$work/manifest-$1" manifest.v1+json ",\"platform\":{\"os\":\"linux\",\"architecture\":\"$1\"}"
}

tool nfpm github.com/goreleaser/nfpm/v2/cmd/nfpm
tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
mkdir -p "$work/man" "$work/completions" "$work/image/blobs/sha256"
go test ./cmd/auditscan -run '^TestManual$' -man "$work/man" >/dev/null
go build -trimpath -ldflags '-s -w' -o "$work/auditscan" ./cmd/auditscan
"$work/auditscan" completion bash >"$work/completions/auditscan.bash"
"$work/auditscan" completion zsh >"$work/completions/_auditscan"
"$work/auditscan" completion fish >"$work/completions/auditscan.fish"
"$work/auditscan" completion powershell >"$work/completions/auditscan.ps1"

platforms=()
for target in $TARGETS; do
	os=${target%/*} arch=${target#*/}
	echo "dist: $target"
	binary=$work/$os-$arch/auditscan
	[[ $os != windows ]] || binary+=.exe
	GOOS=$os GOARCH=$arch go build -trimpath -ldflags '-s -w' -o "$binary" ./cmd/auditscan
	mkdir -p "$work/archive-$os-$arch"
	cp "$binary" "$work/archive-$os-$arch"
	shared "$work/archive-$os-$arch"
	pack "$out/auditscan_${version}_${os}_$arch.tar.gz" "$work/archive-$os-$arch"
	case $os/$arch in
	linux/amd64 | linux/arm64 | darwin/* | windows/*) plugin "${os}_$arch" "$binary" ;;
	esac
	if [[ $os == linux ]]; then
		packages "${arch/%arm/arm7}" "$binary"
	fi
	case $os/$arch in
	linux/amd64 | linux/arm64) platforms+=("$(image "$arch" "$binary")") ;;
	esac
done

krew >"$out/auditscan.krew.yaml"
if ((${#platforms[@]})); then
	printf '{"imageLayoutVersion":"1.0.0"}' >"$work/image/oci-layout"
	(IFS=,; printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' "${platforms[*]}") >"$work/index"
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' \
		"$(blob "$work/index" index.v1+json ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"$version\"}")" >"$work/image/index.json"
	pack "$out/auditscan_${version}_image.tar.gz" "$work/image"
fi
"$work/cyclonedx-gomod" bin -json -noserial "$work/auditscan" 2>/dev/null |
	sed "s/\(\"timestamp\": \)\".*\"/\1\"$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)\"/" >"$out/auditscan_$version.cdx.json"
(cd "$out" && sha256sum -- * >"$work/sums" && mv "$work/sums" SHA256SUMS)
ls -l "$out"
