const { Worker, isMainThread, parentPort } = require("worker_threads");
const { execFile } = require("child_process");
const crypto = require("crypto"), fs = require("fs"), http = require("http"), zlib = require("zlib"), dns = require("dns");
const { promisify } = require("util");

async function serve() {
	const server = http.createServer((req, res) => req.pipe(res));
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	const ask = (i) => new Promise((done, fail) => {
		const req = http.request({ port: server.address().port, host: "127.0.0.1", method: "POST", agent: false }, (res) => {
			let text = "";
			res.on("data", (d) => (text += d)).on("end", () => done(text));
		});
		req.on("error", fail).end("hello " + i);
	});
	const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(i)));
	await new Promise((done) => server.close(done));
	return answers.length;
}

async function files() {
	const f = "/tmp/work.txt";
	await fs.promises.writeFile(f, "x".repeat(100000));
	const packed = await promisify(zlib.gzip)(await fs.promises.readFile(f));
	await fs.promises.rename(f, f + "2");
	const { size } = await fs.promises.stat(f + "2");
	await fs.promises.unlink(f + "2");
	return [size, (await promisify(zlib.gunzip)(packed)).length];
}

async function main() {
	const threads = Array.from({ length: 3 }, () => new Promise((done) => new Worker(__filename).on("message", done)));
	console.log(await Promise.all(threads));
	console.log(await serve(), await files());
	console.log((await promisify(execFile)("/bin/echo", ["child"])).stdout.trim());
	console.log((await promisify(crypto.pbkdf2)("a", "b", 1000, 16, "sha256")).toString("hex"));
	console.log((await promisify(dns.lookup)("localhost", { family: 4 })).address);
	await new Promise((done) => setTimeout(done, 50));
}

if (isMainThread) main();
else {
	let sum = 0;
	for (let i = 0; i < 3e6; i++) sum += i;
	parentPort.postMessage(sum);
}
