# program: Go
# built: gowork
work() { /built/gowork; }
