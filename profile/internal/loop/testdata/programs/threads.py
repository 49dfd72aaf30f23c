import asyncio, hashlib, queue, selectors, socket, subprocess, tempfile, threading

def serve(listener, done):
    for _ in range(8):
        conn, _ = listener.accept()
        with conn:
            conn.sendall(conn.recv(100).upper())
    done.set()

def ask(port, answers, i):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(b"hello %d" % i)
        answers.put(s.recv(100))

with socket.create_server(("127.0.0.1", 0)) as listener:
    done, answers = threading.Event(), queue.Queue()
    threads = [threading.Thread(target=serve, args=(listener, done))]
    threads += [threading.Thread(target=ask, args=(listener.getsockname()[1], answers, i)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(done.wait(20), sorted(answers.get() for _ in range(8)))

async def sleepers():
    await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(5)))
    proc = await asyncio.create_subprocess_exec("echo", "child", stdout=subprocess.PIPE)
    return (await proc.communicate())[0]

print(asyncio.run(sleepers()))
with tempfile.TemporaryFile() as f, selectors.DefaultSelector() as sel:
    f.write(b"x" * 1000000)
    f.seek(0)
    print(hashlib.sha256(f.read()).hexdigest(), sel.select(0))
