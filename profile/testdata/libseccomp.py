"""Makes filters with libseccomp.so.2, as a container runtime does.

Each line of stdin is a profile in numbers and names:
{"default": CODE, "native": TOKEN, "arches": [TOKEN], "rules": [[CODE, NAME, [[INDEX, OP, A, B]...]]...]}
Each line of stdout is the filter in hex, or "refused" with the number of the
rule that libseccomp does not take and its error, or "stuck". A name that it does not know
is passed over, as is a rule that says what the default says.
"""
import ctypes, json, os, signal, sys, tempfile

lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_arch_native.restype = ctypes.c_uint32


class Compare(ctypes.Structure):  # struct scmp_arg_cmp
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


OPS = {"SCMP_CMP_" + op: n for n, op in enumerate(["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"], 1)}


def make(p):
    ctx = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(p["default"])))
    native = lib.seccomp_arch_native()
    for arch in p["arches"]:
        lib.seccomp_arch_add(ctx, ctypes.c_uint32(arch))
    if p["native"] != native:
        lib.seccomp_arch_add(ctx, ctypes.c_uint32(p["native"]))
        lib.seccomp_arch_remove(ctx, ctypes.c_uint32(native))
    for number, (code, name, args) in enumerate(p["rules"]):
        nr = lib.seccomp_syscall_resolve_name(name.encode())
        if code == p["default"] or nr == -1:
            continue
        array = (Compare * len(args))(*[Compare(i, OPS[op], a, b) for i, op, a, b in args])
        error = lib.seccomp_rule_add_array(ctx, ctypes.c_uint32(code), nr, len(args), array)
        if error:
            return "refused %d %s" % (number, os.strerror(-error))
    with tempfile.TemporaryFile() as out:
        lib.seccomp_export_bpf(ctx, out.fileno())
        lib.seccomp_release(ctx)
        out.seek(0)
        return out.read().hex()


def apart(p):
    """libseccomp 2.5.4 never comes back from some sets of rules."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(2)
        os.write(theirs, make(p).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    status = os.waitpid(child, 0)[1]
    if status == 0:
        return text
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return "stuck"
    raise ChildProcessError("status %d of %s" % (status, p))


for line in sys.stdin:
    print(apart(json.loads(line)), flush=True)
