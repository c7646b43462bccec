# SPDX-License-Identifier: Apache-2.0
"""Fresh Debian systems: made once for each release by debootstrap from the mirror that apt uses here, then a layer over it for each test.

A command runs in namespaces of its own: its mounts and all of its processes are gone when it ends.
"""
import functools
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = os.environ.get("MS_CHROOTS")
NEEDED = ("debootstrap", "unshare", "ip")
ENTER = """
set -e
mount -t overlay overlay -o lowerdir={base},upperdir={layer}/upper,workdir={layer}/work {layer}/root
cd {layer}/root
mount -t proc proc proc
mkdir -p dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
{network}
exec chroot . env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME={home} LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive {environment} {user} sh -ec {command}
"""


def why_not() -> str | None:
    if not FOLDER:
        return "make test-deb runs this, in fresh Debian systems"
    if os.getuid() != 0:
        return "needs root"
    missing = [name for name in NEEDED if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else None


def sources(release: str) -> str:
    """The lines of sources.list: where apt gets Debian from here."""
    found = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                           capture_output=True, text=True, check=True).stdout
    targets = sorted(set(tuple(line.split()) for line in found.splitlines() if len(line.split()) == 3))
    codename = re.search(r"VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text())[1]
    ours = [(site, suite.replace(codename, release)) for site, suite, part in targets
            if part == "main" and suite.partition("-")[0] == codename]
    if release != codename:
        ours = [(site, suite) for site, suite in ours if suite == release]
    return "".join(f"deb {site} {suite} main\n" for site, suite in ours)


@functools.cache
def base(release: str) -> pathlib.Path:
    """The release's smallest system, with apt as it is set up here, and no service started by a package."""
    folder = pathlib.Path(FOLDER, f"base-{release}")
    if not (folder / "usr/sbin/policy-rc.d").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        lines = sources(release)
        mirror = next(line.split()[1] for line in lines.splitlines() if line.split()[2] == release)
        subprocess.run(["debootstrap", "--variant=minbase", release, folder, mirror], check=True, stdout=subprocess.DEVNULL, timeout=1200)
        (folder / "etc/apt/sources.list").write_text(lines)
        settings = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        (folder / "etc/apt/apt.conf.d/99host").write_text("\n".join(re.findall(r"(?m)^Acquire::https?::.*$", settings)) + "\n")
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", folder / "etc")
        policy = folder / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    return folder


class Chroot:
    """A fresh system of that release. Use as a context manager."""

    def __init__(self, release: str = "bookworm"):
        self.base = base(release)
        self.layer = pathlib.Path(tempfile.mkdtemp(prefix="layer-", dir=FOLDER))
        for name in ("upper", "work", "root"):
            (self.layer / name).mkdir()
        self.layer.chmod(0o755)

    def run(self, command: str, *, user: str = "", network: bool = True, check: bool = True, timeout: int = 1800, folder: str = "/",
            **environment: str) -> subprocess.CompletedProcess:
        """The command by sh -e. Without network it has a loopback of its own, so that any port is free."""
        as_user = f"setpriv --reuid {user} --regid {user} --init-groups" if user else ""
        script = ENTER.format(base=self.base, layer=self.layer, network="" if network else "ip link set lo up",
                              home=f"/home/{user}" if user else "/root", user=as_user,
                              environment=" ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items()),
                              command=shlex.quote(f"cd {folder}\n{command}"))
        flags = ["--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        result = subprocess.run(["unshare", *flags, "sh", "-c", script], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=timeout)
        assert not check or result.returncode == 0, f"{command}\n{result.stdout[-6000:]}"
        return result

    def install(self, *packages: str) -> None:
        self.run(f"apt-get -qq update && apt-get -qq install -y --no-install-recommends {' '.join(packages)} >/dev/null")

    def put(self, source: pathlib.Path, place: str) -> None:
        """A file or folder of this machine, owned by root. No command may be running."""
        target = self.layer / "upper" / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy(source, target)

    def write(self, place: str, text: str) -> None:
        target = self.layer / "upper" / place.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def put_checkout(self, place: str = "/src") -> None:
        """A clone of this checkout, as a newcomer has it, with the changes that are not committed."""
        target = self.layer / "upper" / place.lstrip("/")
        subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{ROOT}", target], check=True)
        changed = subprocess.run(["git", "diff", "HEAD", "--name-only", "--diff-filter=d"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in changed.stdout.split():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
        subprocess.run(["git", "add", "-A"], cwd=target, check=True)

    def read(self, place: str) -> str:
        return (self.layer / "upper" / place.lstrip("/")).read_text()

    def __enter__(self) -> "Chroot":
        return self

    def __exit__(self, *_) -> None:
        shutil.rmtree(self.layer, ignore_errors=True)
