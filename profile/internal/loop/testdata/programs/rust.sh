# program: Rust
# packages: rustc gcc libc6-dev
# needs: /usr/bin/rustc /usr/bin/gcc
# built: rustwork
work() { /built/rustwork; }
