# program: tar, xz, zstd, with threads
# packages: tar xz-utils zstd
# needs: /usr/bin/tar /usr/bin/xz /usr/bin/zstd
# short
work() {
	mkdir d && seq 200000 >d/n && head -c 300000 /dev/zero >d/z && ln -s n d/l && chmod 600 d/z
	tar --sort=name -cf d.tar d && xz -k -T2 -1 --block-size=400KiB d.tar && zstd -q -T2 -1 d.tar -o d.tar.zst
	xz -t d.tar.xz && xz -dc d.tar.xz | cmp - d.tar && zstd -qdc d.tar.zst | cmp - d.tar && zstd -q -b1 -i0 d/z 2>/dev/null >/dev/null
	mkdir x y && tar -xJf d.tar.xz -C x && tar --zstd -xf d.tar.zst -C y && cmp x/d/n y/d/n && tar -tf d.tar && tar -df d.tar && sha256sum <d/n
}
