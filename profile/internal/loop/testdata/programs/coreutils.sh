# program: coreutils
# packages: coreutils
# needs: /usr/bin/split
work() {
	mkdir -p d/e && seq 100 >d/n && cp d/n d/m && mv d/m d/e/m && ln -s n d/l && ln d/n d/h
	sort -rn d/n | head -3 && tail -2 d/n && wc -l <d/n && sha256sum d/n && ls d && readlink d/l
	dd if=/dev/zero of=d/z bs=4096 count=4 2>/dev/null && stat -c %s d/z && truncate -s 10 d/z && od -c d/z
	chmod 600 d/z && touch -d @0 d/z && date -u -d @0 && du -s --apparent-size d/e/m >/dev/null && df /tmp >/dev/null
	cut -c1 d/n | uniq | wc -l && tr 0-9 a-j <d/n | tail -1 && split -n 2 d/n d/s && cmp d/n d/h && id -u && uname -s
	timeout 5 sleep 0.01 && env -i true && nproc >/dev/null && tee d/t <d/n >/dev/null && sync d/t && mktemp -d >/dev/null && rm -r d
}
