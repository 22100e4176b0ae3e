"""What a job tries to get out of its sandbox. Each attempt is a small program that prints what it got."""

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from ninefold.systems.workflows.isolation.host import IsolationHost
from sandboxes import run_isolated

ATTEMPTS: Final[Mapping[str, str]] = {
    "reads the passwords": "print(open('/etc/shadow').read())",
    "reads the home of root": "import os; os.listdir('/root/.ssh'); print(os.listdir('/root'))",
    "writes the system": "open('/usr/bin/mine', 'w').write('x')",
    "writes the Python that runs it": "import sys; open(sys.prefix + '/mine', 'w')",
    "writes Ninefold's code": "import ninefold; open(ninefold.__path__[0] + '/mine.py', 'w')",
    "writes the hosts": "open('/etc/hosts', 'a').write('1.2.3.4 example.com')",
    "writes the root folder": "open('/mine', 'w')",
    "makes a folder in the way out": "import os; os.mkdir('/run/ninefold/mine')",
    "sees the folder outside": "print(open('{outside}/secret.txt').read())",
    "finds PostgreSQL's sockets": (
        "import glob; p = glob.glob('/tmp/.s.PGSQL*') + glob.glob('/run/postgresql/*'); print(p[0])"
    ),
    "is root": "import os; os.setuid(0); print('root')",
    "is another organisation's user": "import os; os.setresuid(200002, 200002, 200002); print('other')",
    "gets groups": "import os; os.setgroups([0]); print('group')",
    "uses a program of root": (
        "import subprocess as s; s.run(['su', 'root', '-c', 'true'], check=True, capture_output=True); print('su')"
    ),
    "gives a program root's rights": (
        "import os; open('x', 'w'); os.chown('x', 0, 0); os.chmod('x', 0o4755); print('setuid')"
    ),
    "makes a user namespace": (
        "import subprocess as s; s.run(['unshare', '-U', 'true'], check=True, capture_output=True); print('user')"
    ),
    "makes a network namespace": (
        "import subprocess as s; s.run(['unshare', '-n', 'true'], check=True, capture_output=True); print('net')"
    ),
    "clones with namespaces": (
        "import ctypes; r = ctypes.CDLL(None).syscall(56, 0x10000000 | 17, 0, 0, 0, 0); assert r >= 0; print('clone')"
    ),
    "clones with namespaces by clone3": (
        "import ctypes; b = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17); "
        "r = ctypes.CDLL(None).syscall(435, b, 64); assert r >= 0; print('clone3')"
    ),
    "mounts": (
        "import subprocess as s; s.run(['mount', '-t', 'tmpfs', 'x', '/mnt'], check=True, "
        "capture_output=True); print('mount')"
    ),
    "unmounts": (
        "import subprocess as s; s.run(['umount', '-l', '/proc'], check=True, capture_output=True); print('umount')"
    ),
    "makes a device": (
        "import os, stat; os.mknod('sda', stat.S_IFBLK | 0o666, os.makedev(254, 0)); print(open('sda', 'rb').read(1))"
    ),
    "reads the machine's disk": "import glob; print(open(glob.glob('/dev/[svx]d*')[0], 'rb').read(1))",
    "reads the machine's memory": "print(open('/dev/mem', 'rb').read(1))",
    "reads the kernel's log": "print(open('/dev/kmsg', 'rb').read(1))",
    "sets the kernel": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh'); print('kernel')",
    "restarts the machine": "open('/proc/sysrq-trigger', 'w').write('h'); print('sysrq')",
    "enters a control group": "import glob; print(glob.glob('/sys/fs/cgroup/*')[0])",
    "reads the executor's memory": "print(open('/proc/1/mem', 'rb').read(1))",
    "reads the executor's environment": "print(open('/proc/1/environ').read())",
    "opens the executor's pipes": "import os; [print(os.open(f'/proc/1/fd/{n}', os.O_WRONLY)) for n in range(20)]",
    "attaches to the executor": "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0; print('ptrace')",
    "takes the executor's pipe": (
        "import ctypes; c = ctypes.CDLL(None); p = c.syscall(434, 1, 0); "
        "[print(n) for n in range(20) if c.syscall(438, p, n, 0) >= 0][0]"
    ),
    "sees processes of the machine": (
        "import os; p = [int(n) for n in os.listdir('/proc') if n.isdigit()]; assert max(p) > 10000; print(max(p))"
    ),
    "signals a process of the machine": "import os; os.kill({pid}, 0); print('signal')",
    "reaches a service of the machine": (
        "import socket; socket.create_connection(('127.0.0.1', {port}), 2); print('connected')"
    ),
    "reaches the metadata service": (
        "import socket; socket.create_connection(('169.254.169.254', 80), 2); print('connected')"
    ),
    "reaches a private address": "import socket; socket.create_connection(('10.0.0.1', 80), 2); print('connected')",
    "reaches the internet": "import socket; socket.create_connection(('1.1.1.1', 443), 2); print('connected')",
    "reaches it by IPv6": (
        "import socket; socket.create_connection(('2606:4700:4700::1111', 443), 2); print('connected')"
    ),
    "resolves a name": "import socket; print(socket.getaddrinfo('example.com', 80))",
    "opens a raw socket": "import socket; print(socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))",
    "opens a packet socket": "import socket; print(socket.socket(17, socket.SOCK_RAW))",
    "opens a socket to the host of a virtual machine": "import socket; print(socket.socket(40, socket.SOCK_STREAM))",
    "finds an abstract socket of the machine": (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect(b'\\0{abstract}'); print('connected')"
    ),
    "uses io_uring": (
        "import ctypes; b = (ctypes.c_char * 512)(); assert ctypes.CDLL(None).syscall(425, 1, b) >= 0; "
        "print('io_uring')"
    ),
    "uses BPF": (
        "import ctypes; b = (ctypes.c_char * 512)(); assert ctypes.CDLL(None).syscall(321, 0, b, "
        "512) >= 0; print('bpf')"
    ),
    "uses the kernel's keys": "import ctypes; r = ctypes.CDLL(None).syscall(250, 0, -3, 1); assert r >= 0; print(r)",
    "writes a file that is too large": "f = open('large', 'wb'); f.truncate(33 * 2**20); print('large')",
    "fills the disk": "b = b'x' * 2**20\nfor n in range(80): open(f'f{n % 8}', 'ab').write(b)\nprint('full')",
    "opens files without end": "f = [open('/dev/null') for n in range(5000)]; print(len(f))",
    "keeps a core dump's limit": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (1, 1)); print('core')",
    "raises its limits": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (10**6, 10**6)); print('limit')",
    "follows a link out of the workspace": (
        "import os; os.symlink('{outside}/secret.txt', 'link'); print(open('link').read())"
    ),
    "links a file of the system into the workspace": "import os; os.link('/usr/bin/env', 'env'); print('linked')",
    "unpacks an archive into the system": (
        "import io, tarfile; b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w'); "
        "i = tarfile.TarInfo('/usr/bin/mine'); "
        "t.addfile(i); t.close(); b.seek(0); tarfile.open(fileobj=b).extractall('/', "
        "filter='fully_trusted'); print('written')"
    ),
    "unpacks an archive into the folder outside": (
        "import io, tarfile; b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w'); "
        "i = tarfile.TarInfo('../../../../../..{outside}/mine'); t.addfile(i); t.close(); b.seek(0); "
        "tarfile.open(fileobj=b).extractall('.', filter='data'); print('written')"
    ),
    "writes to the terminal of who started it": "open('/dev/tty', 'w').write('typed'); print('typed')",
    "sets the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, 0); print('clock')",
    "takes precedence over others": "import os; os.nice(-5); print('nice')",
    "outlives others without memory": (
        "f = open('/proc/self/oom_score_adj', 'w'); f.write('-999'); f.close(); print('oom')"
    ),
    "has secrets of the machine": (
        "import os; print([n for n in os.environ if n.startswith(('NINEFOLD_', 'AWS_', 'SSH_', 'PG'))][0])"
    ),
}
"""By what they try. All end with an error, or with nothing printed."""


DRIVER: Final = """
import concurrent.futures, json, os, shutil, subprocess, tempfile
def attempt(item):
    name, code = item
    folder = tempfile.mkdtemp(dir=".")
    ended = subprocess.run([os.environ["PYTHON"], "-I", "-c", code], cwd=folder, capture_output=True, text=True)
    shutil.rmtree(folder)
    return [name, ended.returncode, ended.stdout, ended.stderr[-300:]]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for result in pool.map(attempt, json.loads(os.environ["ATTEMPTS"]).items()):
        print("ATTEMPT", json.dumps(result))
"""


@pytest.fixture(scope="module")
async def attempts(host: IsolationHost, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[int, str, str]]:
    """Run all attempts in one sandbox, and return the exit code and the output of each."""
    outside = Path(tempfile.mkdtemp(prefix="ninefold-outside-"))
    (outside / "secret.txt").write_text("of another")
    abstract = f"ninefold-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as service, socket.socket(socket.AF_UNIX) as local:
        local.bind(f"\0{abstract}")
        local.listen()
        values = {
            "{outside}": str(outside),
            "{pid}": str(os.getpid()),
            "{port}": str(service.getsockname()[1]),
            "{abstract}": abstract,
        }
        scripts = {name: _filled(code, values) for name, code in ATTEMPTS.items()}
        env = json.dumps({"ATTEMPTS": json.dumps(scripts), "PYTHON": sys.executable})
        steps = json.dumps([{"run": DRIVER, "shell": "python3 {0}"}])
        result, job = await run_isolated(host, tmp_path_factory.mktemp("breakouts"), f"env: {env}\nsteps: {steps}")
    shutil.rmtree(outside)
    assert result.conclusion == "success", job.record.text
    lines = [line.removeprefix("ATTEMPT ") for line in job.record.output() if line.startswith("ATTEMPT ")]
    return {name: (code, output, error) for name, code, output, error in map(json.loads, lines)}


def _filled(code: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        code = code.replace(name, value)
    return code


@pytest.mark.parametrize("name", ATTEMPTS)
def test_nothing_gets_out_that(name: str, attempts: Mapping[str, tuple[int, str, str]]) -> None:
    code, output, error = attempts[name]
    assert (code != 0, output) == (True, ""), error
    # An attempt with a mistake would always fail.
    assert not any(mistake in error for mistake in ("SyntaxError", "NameError", "AttributeError", "ImportError")), error
