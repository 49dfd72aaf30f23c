# program: C: fork, exec, spawn
# packages: gcc libc6-dev
# needs: /usr/bin/gcc /usr/lib/x86_64-linux-gnu/libc.a
# built: dynamic
work() { /built/dynamic processes; }
