import core.memory, core.thread, core.time;
import std.algorithm, std.concurrency, std.file, std.parallelism, std.process, std.range, std.socket, std.stdio, std.string;

int serve()
{
	auto listener = new TcpSocket;
	listener.bind(new InternetAddress("127.0.0.1", 0));
	listener.listen(8);
	auto server = new Thread({
		foreach (i; 0 .. 8)
		{
			auto c = listener.accept();
			char[64] buf;
			auto n = c.receive(buf[]);
			c.send(buf[0 .. n].toUpper);
			c.close();
		}
	});
	server.start();
	int sum;
	foreach (i; 0 .. 8)
	{
		auto s = new TcpSocket(listener.localAddress);
		s.send("hello");
		char[64] buf;
		sum += s.receive(buf[]);
		s.close();
	}
	server.join();
	return sum;
}

void add(Tid parent, int n) { send(parent, n + 1); }

void main()
{
	writeln(serve());
	foreach (i; 0 .. 3)
		spawn(&add, thisTid, 1);
	writeln(iota(3).map!(_ => receiveOnly!int).sum);
	writeln(taskPool.reduce!"a + b"(iota(1_000_000L)));
	mkdir("/tmp/d");
	std.file.write("/tmp/d/a", "text");
	std.file.rename("/tmp/d/a", "/tmp/d/b");
	writeln(readText("/tmp/d/b"), " ", dirEntries("/tmp/d", SpanMode.shallow).walkLength);
	rmdirRecurse("/tmp/d");
	write(execute(["echo", "child"]).output);
	foreach (i; 0 .. 100)
		new ubyte[100_000];
	GC.collect();
	Thread.sleep(20.msecs);
}
