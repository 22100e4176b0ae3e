"""Jobs in sandboxes: what works in them, what bounds them, and what is left of them."""

import asyncio
import contextlib
import json
import os
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from ninefold.core.egress import AddressPolicy
from ninefold.systems.workflows.isolation.errors import IsolationFailedError, IsolationRefusedError
from ninefold.systems.workflows.isolation.host import IsolationHost, make_isolation_host
from ninefold.systems.workflows.isolation.policy import IsolationPolicy, ServerAddress
from sandboxes import LIMITS, TRUSTED, UNTRUSTED, changed, isolation_host, new_folder, run_isolated
from workflow_jobs import JobInTest


def job_cgroups(host: IsolationHost) -> list[Path]:
    return [folder for folder in Path("/sys/fs/cgroup").glob(f"**/{host.name}/job-*") if folder.is_dir()]


async def test_a_job_runs_as_the_user_of_its_organisation_with_all_that_steps_can_say(
    host: IsolationHost, tmp_path: Path
) -> None:
    result, job = await run_isolated(
        host,
        tmp_path,
        """
        outputs: {sum: "${{ steps.add.outputs.sum }}"}
        steps:
          - run: id -u; pwd; echo "A=1" >> $GITHUB_ENV; echo "::warning file=a.py,line=3::Old"
          - {id: add, run: 'echo "sum=$((A + 2))" >> $GITHUB_OUTPUT; echo "# Done" >> $GITHUB_STEP_SUMMARY'}
          - run: echo ${{ secrets.TOKEN }}
          - {if: failure(), run: echo never}
        """,
        secrets={"TOKEN": "a-long-secret"},
    )
    assert (result.conclusion, result.outputs) == ("success", {"sum": "3"}), job.record.text
    assert job.record.output() == ["200001", "/home/runner/work/site/site", "##[warning]Old", "***"]
    assert [(each.message, each.file, each.line) for each in job.record.annotations] == [("Old", "a.py", 3)]
    assert job.record.summaries == [(3, "# Done\n")]
    assert [each.conclusion for each in job.record.ended] == ["success"] * 4 + ["skipped", "success"]


async def test_programs_of_the_system_node_and_certificates_are_there(host: IsolationHost, tmp_path: Path) -> None:
    main = "console.log(require('tls').rootCertificates.length > 0, process.versions.node.split('.')[0])"
    result, job = await run_isolated(
        host,
        tmp_path,
        f"""
        steps:
          - run: mkdir act; echo "$ACTION" > act/action.yml; echo "$MAIN" > act/main.js
            env: {{ACTION: {json.dumps("{name: a, runs: {using: node24, main: main.js}}")}, MAIN: {json.dumps(main)}}}
          - uses: ./act
          - run: git --version | cut -c1-11; ls /etc/ssl/certs > /dev/null && date +%Z && whoami; hostname
        """,
    )
    assert result.conclusion == "success", job.record.text
    assert job.record.output() == ["true 24", "git version", "UTC", "runner", "ninefold"]


async def test_organisations_have_other_users(host: IsolationHost, tmp_path: Path) -> None:
    facts = [changed(UNTRUSTED, organisation_number=number) for number in (3, 4)]
    ended = await asyncio.gather(*[run_isolated(host, tmp_path, "steps: [{run: id -u}]", facts=each) for each in facts])
    assert [job.record.output() for _, job in ended] == [["200003"], ["200004"]]


async def test_a_cancelled_job_runs_what_is_always_run(host: IsolationHost, tmp_path: Path) -> None:
    job = JobInTest(tmp_path, "steps: [{run: 'echo began; sleep 600'}, {if: always(), run: echo cleaned}]")
    task = asyncio.create_task(host.run_job(job.order, job.record, job.cancel, facts=UNTRUSTED))
    await job.record.wait_for("began")
    job.cancel.set()
    assert (await task).conclusion == "cancelled"
    assert job.record.output()[-1] == "cleaned"


async def test_a_job_that_is_given_up_ends_at_once(host: IsolationHost, tmp_path: Path) -> None:
    job = JobInTest(tmp_path, "steps: [{run: 'trap \"\" INT TERM; echo began; sleep 16180'}]")
    task = asyncio.create_task(host.run_job(job.order, job.record, job.cancel, facts=UNTRUSTED))
    await job.record.wait_for("began")
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    assert job_cgroups(host) == []
    assert not [each for each in psutil.process_iter() if "16180" in _command(each)]


async def test_without_namespaces_too_a_job_that_is_given_up_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    job = JobInTest(tmp_path, "steps: [{run: 'setsid sleep 14142 & echo began; sleep 14142'}]")
    host = host_without("bubblewrap")
    task = asyncio.create_task(host.run_job(job.order, job.record, job.cancel, facts=TRUSTED))
    await job.record.wait_for("began")
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    assert not [each for each in psutil.process_iter() if "14142" in _command(each)]


async def test_a_fork_gets_no_secrets(host: IsolationHost, tmp_path: Path) -> None:
    _, job = await run_isolated(
        host,
        tmp_path,
        "steps: [{run: 'echo \"[${{ secrets.TOKEN }}]\"'}]",
        facts=changed(UNTRUSTED, is_from_fork=True),
        secrets={"TOKEN": "a-long-secret"},
    )
    assert job.record.output() == ["[]"]


async def test_a_fork_bomb_ends_with_its_job(host: IsolationHost, tmp_path: Path) -> None:
    result, job = await run_isolated(
        host, tmp_path, "steps: [{shell: bash, run: 'b() { b | b & }; b; sleep 0.5; echo alive'}]", timeout_s=3.0
    )
    # What it comes to depends on who finds no process first: a step, or nobody until the time is over.
    assert result.conclusion in {"success", "failure", "timed_out"}, job.record.text
    assert job_cgroups(host) == []


async def test_a_job_that_takes_too_much_memory_fails(host: IsolationHost, tmp_path: Path) -> None:
    code = "x = []\\nwhile True: x.append(bytes([1]) * 2**20)"
    result, job = await run_isolated(host, tmp_path, f"steps: [{{shell: 'python3 {{0}}', run: \"{code}\"}}]")
    assert result.conclusion == "failure"
    assert "137" in job.record.text or "bytes of memory" in job.record.text


async def test_a_log_without_end_is_cut(host: IsolationHost, tmp_path: Path) -> None:
    result, job = await run_isolated(
        host, tmp_path, "steps: [{run: head -c 12000000 /dev/zero | tr '\\0' x | fold -w 10000}]"
    )
    assert result.conclusion == "success", job.record.log[-1]
    assert len(job.record.text) < LIMITS.log_bytes + 1000
    assert "has reached its limit" in job.record.log[-1].text


async def test_nothing_is_left_of_a_job(host: IsolationHost, tmp_path: Path) -> None:
    text = "steps: [{run: 'setsid nohup env -i sleep 31415 > /dev/null 2>&1 & disown; echo started', shell: bash}]"
    result, job = await run_isolated(host, tmp_path, text)
    assert (result.conclusion, job.record.output()) == ("success", ["started"])
    assert job_cgroups(host) == []
    assert not [each for each in psutil.process_iter() if "31415" in _command(each)]


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


async def test_a_job_that_kills_everything_kills_only_itself(host: IsolationHost, tmp_path: Path) -> None:
    result, job = await run_isolated(
        host, tmp_path, "steps: [{run: 'kill -9 1; kill -9 -1; sleep 60'}, {if: always(), run: echo after}]"
    )
    assert result.conclusion == "failure"
    assert job.record.output()[-1] == "after"


async def test_what_a_job_prints_cant_pass_for_a_message(host: IsolationHost, tmp_path: Path) -> None:
    code = "import os; [os.write(fd, bytes([0, 0, 0, 5]) + b'hello') for fd in (1, 2)]"
    result, job = await run_isolated(host, tmp_path, f"steps: [{{shell: 'python3 {{0}}', run: \"{code}\"}}]")
    assert result.conclusion == "success", job.record.text


async def test_when_the_runner_is_killed_its_jobs_end_and_the_next_one_cleans_up(
    host: IsolationHost, tmp_path: Path
) -> None:
    del host
    folder = new_folder()
    program = f"""
        import asyncio, sys
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from pathlib import Path
        from sandboxes import *
        async def main():
            with isolation_host(Path({str(folder)!r})) as host:
                job = JobInTest(Path({str(tmp_path)!r}) / "job", "steps: [{{run: 'echo began; sleep 27182'}}]")
                task = asyncio.create_task(host.run_job(job.order, job.record, job.cancel, facts=UNTRUSTED))
                await job.record.wait_for("began")
                print("began", flush=True)
                await task
        asyncio.run(main())
    """
    runner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=asyncio.subprocess.PIPE
    )
    assert runner.stdout is not None
    assert await asyncio.wait_for(runner.stdout.readline(), 60) == b"began\n"
    sleeping = [each for each in psutil.process_iter() if "27182" in " ".join(_command(each))]
    assert sleeping
    runner.kill()
    await runner.wait()
    psutil.wait_procs(sleeping, timeout=10)
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in sleeping)
    assert list((folder / "jobs").iterdir())
    with isolation_host(folder):
        assert not list((folder / "jobs").iterdir())


@contextlib.asynccontextmanager
async def web_server() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        content = b"answer to " + head.split(b"\r\n")[0]
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"


TUNNEL = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", 3128)
connection.set_tunnel("localhost", int(sys.argv[1]))
connection.request("GET", "/tunnel")
print(connection.getresponse().read().decode())
"""


async def test_a_job_reaches_ninefold_by_its_name_and_nothing_else(host: IsolationHost, tmp_path: Path) -> None:
    async with web_server() as port:
        server = ServerAddress(host="127.0.0.1", port=port)
        url = (await host.open_way(server)).server
        result, job = await run_isolated(
            host,
            tmp_path,
            f"""
            env: {{FETCH: {json.dumps(FETCH)}}}
            steps:
              - run: python3 -c "$FETCH" {url}/git/a/b.git/info/refs
              - run: python3 -c "$FETCH" http://127.0.0.1:{port}/ 2>&1 | tail -1
            """,
            facts=changed(UNTRUSTED, server=server),
        )
    assert url == "http://ninefold.localhost:8080"
    assert result.conclusion == "success", job.record.text
    assert job.record.output()[0] == "answer to GET /git/a/b.git/info/refs HTTP/1.1"
    assert "refused" in job.record.output()[1]


async def test_a_job_reaches_what_is_on_the_list_and_the_log_says_so(tmp_path: Path, host: IsolationHost) -> None:
    del host
    async with web_server() as port:
        folder = new_folder()
        policy = IsolationPolicy(limits=LIMITS, egress=[f"localhost:{port}", "169.254.169.254:80"])
        local = make_isolation_host(policy, folder, addresses=AddressPolicy.from_cidrs(["127.0.0.0/8", "::1/128"]))
        other = f"localhost:{port + 1}"
        result, job = await run_isolated(
            local,
            tmp_path,
            f"""
            env: {{FETCH: {json.dumps(FETCH)}, TUNNEL: {json.dumps(TUNNEL)}, no_proxy: ''}}
            steps:
              - run: python3 -c "$FETCH" http://localhost:{port}/plain?a=1
              - run: python3 -c "$TUNNEL" {port}
              - run: python3 -c "$FETCH" http://{other}/ 2>&1 | tail -1
              - run: python3 -c "$FETCH" http://169.254.169.254/latest/meta-data 2>&1 | tail -1
            """,
        )
    assert result.conclusion == "success", job.record.text
    lines = job.record.output()
    assert "answer to GET /plain?a=1 HTTP/1.1" in lines
    assert "answer to GET /tunnel HTTP/1.1" in lines
    assert lines.count(f"Network: connected to localhost:{port}") == 2
    assert f"##[warning]Network: {other} was refused: it isn't in NINEFOLD_WORKFLOWS_JOB_EGRESS." in lines
    assert any(line.startswith("##[warning]Network: 169.254.169.254:80 was refused") for line in lines)
    assert lines.count("urllib.error.HTTPError: HTTP Error 403: Forbidden") == 2


def host_without(layer: str, **policy: Any) -> IsolationHost:
    """Return a host of a machine that lacks something."""
    folder = new_folder()
    folder.chmod(0o711)
    value = {"bubblewrap": None, "has_disks": False, "setpriv": None}[layer]
    policy = {"limits": LIMITS, **policy}
    return make_isolation_host(
        IsolationPolicy(**policy), folder, machine=lambda found: msgspec.structs.replace(found, **{layer: value})
    )


async def test_without_a_layer_untrusted_jobs_are_refused_and_nothing_is_run(tmp_path: Path) -> None:
    host = host_without("bubblewrap")
    assert [each.state for each in host.findings if "bubblewrap" in each.detail] == ["warning"]
    with pytest.raises(IsolationRefusedError) as refused:
        await run_isolated(host, tmp_path, f"steps: [{{run: 'touch {tmp_path}/ran'}}]")
    assert "bubblewrap" in refused.value.detail
    assert refused.value.remedy
    assert "NINEFOLD_WORKFLOWS_ALLOW_WEAK_ISOLATION" in refused.value.remedy
    assert "ran" not in os.listdir(tmp_path)  # noqa: PTH208 - quick.


async def test_without_bubblewrap_trusted_jobs_run_as_another_user_if_root_can(tmp_path: Path) -> None:
    host = host_without("bubblewrap")
    result, job = await run_isolated(host, tmp_path, "steps: [{run: id -u; pwd}]", facts=TRUSTED)
    assert result.conclusion == "success", job.record.text


async def test_without_users_of_their_own_trusted_jobs_still_have_namespaces(
    host: IsolationHost, tmp_path: Path
) -> None:
    del host
    text = "steps: [{run: 'ls /proc | grep -c ^[0-9]; ! unshare -U true 2> /dev/null && echo refused; ls /root/.ssh'}]"
    result, job = await run_isolated(host_without("setpriv"), tmp_path, text, facts=TRUSTED)
    assert result.conclusion == "failure", job.record.text
    output = job.record.output()
    assert int(output[0]) < 10
    assert output[1] == "refused"
    assert "No such file" in output[2]


async def test_a_job_whose_disk_is_only_watched_ends_when_it_takes_too_much(
    host: IsolationHost, tmp_path: Path
) -> None:
    del host
    local = host_without("has_disks")
    text = "steps: [{run: 'for n in 1 2 3 4 5 6; do head -c 20000000 /dev/urandom > $n; done; echo wrote; sleep 60'}]"
    result, job = await run_isolated(local, tmp_path, text, facts=TRUSTED)
    assert result.conclusion == "failure"
    assert "of disk space" in job.record.text


async def test_a_sandbox_that_cant_start_is_an_error_and_no_result(host: IsolationHost, tmp_path: Path) -> None:
    del host
    folder = new_folder()
    local = make_isolation_host(
        IsolationPolicy(limits=LIMITS),
        folder,
        machine=lambda found: msgspec.structs.replace(found, bubblewrap="/bin/false"),
    )
    with pytest.raises(IsolationFailedError, match="before the job began"):
        await run_isolated(local, tmp_path, "steps: [{run: echo}]", facts=TRUSTED)
