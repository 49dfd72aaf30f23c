# program: Node.js
# packages: nodejs
# needs: /usr/bin/node
# engines
work() { node /programs/work.js; }
