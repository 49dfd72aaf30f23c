require "socket"
require "tmpdir"
require "digest"
require "open3"

server = TCPServer.new("127.0.0.1", 0)
serve = Thread.new { 8.times { c = server.accept; c.puts(c.gets.upcase); c.close } }
answers = 8.times.map do |i|
  Thread.new { s = TCPSocket.new("127.0.0.1", server.addr[1]); s.puts("hello #{i}"); s.read }
end
puts answers.map(&:value).sort.join.length
serve.join
Dir.mktmpdir(nil, "/tmp") do |d|
  5.times { |i| File.write("#{d}/#{i}", "x" * 10_000) }
  File.rename("#{d}/1", "#{d}/6")
  puts Dir.children(d).sort.join(" "), Digest::SHA256.hexdigest(File.read("#{d}/6"))
end
r, w = IO.pipe
pid = fork { r.close; w.puts "from a fork"; exit! 3 }
w.close
puts r.read
Process.wait(pid)
puts $?.exitstatus, Open3.capture2("cat", stdin_data: "child")[0]
trap("USR1") { puts "signal" }
Process.kill("USR1", Process.pid)
sleep 0.05
GC.start
