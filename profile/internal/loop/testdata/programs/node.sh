# program: Node.js
# packages: nodejs
# needs: /usr/bin/node
work() { node /programs/work.js; }
