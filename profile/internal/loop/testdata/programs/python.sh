# program: Python: threads, sockets
# packages: python3
# needs: /usr/bin/python3
# short
work() { python3 /programs/threads.py; }
