import hashlib, subprocess, tempfile


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    with tempfile.NamedTemporaryFile(dir="/tmp") as f:
        f.write(body * 100)
        f.flush()
        size = len(open(f.name, "rb").read())
    child = subprocess.run(["echo", "child"], capture_output=True, text=True).stdout.strip()
    text = f"{environ['PATH_INFO']} {size} {child} {hashlib.sha256(body).hexdigest()}\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text.encode()]
