"""Control groups of both versions, in folders that look like them."""

from pathlib import Path

from ninefold.systems.workflows.isolation.cgroups import Cgroups, find_cgroups
from ninefold.systems.workflows.isolation.policy import JobLimits

LIMITS = JobLimits(memory_bytes=1000, processes=7, cpus=1.5)


def test_of_version_1_each_controller_has_its_own_folder(tmp_path: Path) -> None:
    for controller in ("memory", "pids"):
        (tmp_path / controller / "own").mkdir(parents=True)
    memberships = "8:pids:/own\n4:memory:/own\n1:name=systemd:/\n0::/\n"
    cgroups = find_cgroups("ninefold-x", root=tmp_path, memberships=memberships)
    assert cgroups is not None
    assert set(cgroups.controllers) == {"memory", "pids"}
    assert not cgroups.is_unified
    group = cgroups.make("job-1", LIMITS)
    memory, pids = (tmp_path / name / "own/ninefold-x/job-1" for name in ("memory", "pids"))
    assert (memory / "memory.limit_in_bytes").read_text() == "1000"
    assert (pids / "pids.max").read_text() == "7"
    assert sorted(group.files) == sorted([f"{memory}/cgroup.procs", f"{pids}/cgroup.procs"])
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert group.was_out_of_memory()


def test_of_version_2_all_controllers_have_one_folder(tmp_path: Path) -> None:
    cgroups = Cgroups("ninefold-x", dict.fromkeys(["memory", "pids", "cpu"], tmp_path), is_unified=True)
    group = cgroups.make("job-1", LIMITS)
    folder = tmp_path / "ninefold-x/job-1"
    assert {name: (folder / name).read_text() for name in ("memory.max", "pids.max", "cpu.max")} == {
        "memory.max": "1000",
        "pids.max": "7",
        "cpu.max": "150000 100000",
    }
    assert group.files == [f"{folder}/cgroup.procs"]
    (folder / "memory.events").write_text("oom 0\noom_kill 0\n")
    assert not group.was_out_of_memory()


def test_of_version_2_controllers_that_arent_delegated_arent_used(tmp_path: Path) -> None:
    folder = tmp_path / "system.slice/ninefold.service"
    (folder / "ninefold-x").mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("memory pids cpu")
    (folder / "ninefold-x/cgroup.subtree_control").symlink_to("/dev/null")
    assert find_cgroups("ninefold-x", root=tmp_path, memberships="0::/system.slice/ninefold.service\n") is None


def test_without_a_folder_to_write_there_are_none(tmp_path: Path) -> None:
    assert find_cgroups("ninefold-x", root=tmp_path, memberships="8:pids:/own\n0::/\n") is None
