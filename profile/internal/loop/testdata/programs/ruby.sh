# program: Ruby
# packages: ruby3.1
# needs: /usr/bin/ruby3.1
work() { ruby3.1 /programs/work.rb; }
