#!/usr/bin/env bash
# Runs the README's first two commands, make demo and make test, as an ordinary
# user on a Debian with nothing but Go, git and make, made for that with
# debootstrap. What is tested is the last commit. Needs root, debootstrap and
# Debian's packages; where one is missing it says so, and that is no failure.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
	echo "ordinary: not run: $1"
	exit 0
}
[[ $(id -u) == 0 ]] || skip "needs root, to make another system"
for tool in debootstrap unshare git; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
unshare --mount true 2>/dev/null || skip "cannot mount here"

dir=$(mktemp -d /var/tmp/auditscan-ordinary.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT
root=$dir/root
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$root" >"$dir/log" 2>&1 ||
	skip "debootstrap $suite: $(tail -n 1 "$dir/log")"

# Go, and what it would download, are the host's.
home=$root/home/user
chroot "$root" useradd --create-home user
cp -a "$(go env GOROOT)" "$root/usr/local/go"
mkdir -p "$home/go/pkg"
cp -a "$(go env GOMODCACHE)" "$home/go/pkg/mod"
git clone -q . "$home/auditscan"
chroot "$root" chown -R --no-dereference user:user /home/user

# The mounts are seen by this one process, and end with it.
unshare --mount bash -euc '
	mount -t proc proc "$0/proc"
	mount --rbind /dev "$0/dev"
	mount --rbind /sys "$0/sys"
	exec chroot --userspec=user:user "$0" env -i HOME=/home/user LANG=C.UTF-8 \
		PATH=/usr/local/go/bin:/usr/bin:/bin GOTOOLCHAIN=local GOPROXY=off \
		sh -euc "cd ~/auditscan && make demo >/dev/null && make test"
' "$root"
