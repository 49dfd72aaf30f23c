# program: D
# packages: gdc
# needs: /usr/bin/gdc
# built: dwork
work() { /built/dwork; }
