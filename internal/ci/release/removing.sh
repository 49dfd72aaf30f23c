#!/bin/sh
# Before a removal, and not before an upgrade: deb says which by a word, rpm by
# the number of versions that stay; others remove. State and events stay.
case "${1:-0}" in
upgrade | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now auditscan-follow.service auditscan-listen.socket auditscan-listen.service || true
fi
