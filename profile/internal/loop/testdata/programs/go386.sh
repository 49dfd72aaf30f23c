# program: Go, 32 bit (i386)
# built: gowork386
# short
work() { /built/gowork386; }
