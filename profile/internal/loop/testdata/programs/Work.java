import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

// What Java services do: threads, memory, files, a child, sockets.
public class Work {
	public static void main(String[] args) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(8);
		System.out.println(serve(pool) + " " + compute(pool) + " " + files() + " " + child());
		pool.shutdown();
		System.out.println(pool.awaitTermination(20, TimeUnit.SECONDS));
		System.gc();
		Thread.sleep(50);
	}

	static int serve(ExecutorService pool) throws Exception {
		try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
			List<Future<Integer>> answers = new ArrayList<>();
			for (int i = 0; i < 20; i++) {
				answers.add(pool.submit(() -> {
					try (Socket s = new Socket("127.0.0.1", listener.getLocalPort())) {
						s.setSoTimeout(20000);
						s.getOutputStream().write("hello\n".getBytes());
						return new BufferedReader(new InputStreamReader(s.getInputStream())).readLine().length();
					}
				}));
			}
			for (int i = 0; i < 20; i++)
				try (Socket s = listener.accept()) {
					String line = new BufferedReader(new InputStreamReader(s.getInputStream())).readLine();
					s.getOutputStream().write((line + "\n").getBytes());
				}
			int sum = 0;
			for (Future<Integer> a : answers)
				sum += a.get();
			return sum;
		}
	}

	static int compute(ExecutorService pool) throws Exception {
		List<Callable<Integer>> work = Collections.nCopies(8, () -> {
			List<byte[]> kept = new ArrayList<>();
			for (int i = 0; i < 200; i++) {
				kept.add(new byte[1 << 16]);
				if (kept.size() > 10)
					kept.clear();
			}
			return kept.size();
		});
		int sum = 0;
		for (Future<Integer> f : pool.invokeAll(work))
			sum += f.get();
		return sum;
	}

	static long files() throws Exception {
		Path p = Files.createTempFile(Path.of("/tmp"), "work", null);
		Files.writeString(p, "text".repeat(1000));
		Path q = Files.move(p, Path.of("/tmp/moved"));
		long size = Files.size(q) + Files.readString(q).length();
		Files.delete(q);
		return size;
	}

	static String child() throws Exception {
		Process p = new ProcessBuilder("/bin/echo", "child").start();
		return new String(p.getInputStream().readAllBytes()).trim() + p.waitFor();
	}
}
