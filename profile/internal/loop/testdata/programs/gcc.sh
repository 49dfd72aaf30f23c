# program: gcc building a program
# packages: gcc libc6-dev binutils
# needs: /usr/bin/gcc /usr/lib/x86_64-linux-gnu/libc.a
# short
# engines
work() {
	printf 'int twice(int n) { return 2 * n; }\n' >a.c
	printf '#include <stdio.h>\nint twice(int);\nint main(void) { printf("%%d\\n", twice(21)); return 0; }\n' >b.c
	gcc -O2 -g -pipe -c a.c b.c && ar rcs liba.a a.o && gcc -o program b.o -L. -la && ./program
	gcc -O2 -flto -static -o other a.c b.c && ./other && gcc -shared -fPIC -o liba.so a.c && strip other && nm liba.so | grep twice | cut -d ' ' -f 2,3
	gcc -c nothing.c 2>/dev/null || echo "no such file: $?"
}
