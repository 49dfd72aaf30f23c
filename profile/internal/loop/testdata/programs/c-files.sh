# program: static C: files
# packages: gcc libc6-dev
# needs: /usr/bin/gcc /usr/lib/x86_64-linux-gnu/libc.a
# built: static
# short
work() { /built/static files; }
