"""The Linux kernel's own BPF tests, from Debian's source package: fetched, unpacked and built in the
cache.  They are GPL-2.0 and are used where they lie; nothing of them enters this tree.

What is there afterwards, in CACHE/kernel-VERSION:

    source/         the parts of the kernel's source that the tests need
    include/        libbpf's headers, as its makefile installs them
    vmlinux.h       the types of the kernel image of the same version
    struct_tests    a program that prints the tests in struct form (struct_tests.c)
    struct_tests.txt    what it printed
    log/            what the compiler said of the files that it refused
and in CACHE/kernel-objects/progs the objects."""
import concurrent.futures
import os
import re
import shutil
import subprocess

import packages

SOURCE = "linux-source-6.12"
PIN = "6.12.117-1~deb12u1"
PARTS = ("tools", "include", "kernel/bpf", "scripts")  # of the source, that anything here reads
HERE = os.path.dirname(os.path.abspath(__file__))
ANNOTATION = re.compile(r"\b(__success|__failure|__msg|__retval)\b")
# Where 6.12.117 is: files of progs/, of them verifier_*.c, others with annotations.
COUNTS = {"all": 798}


class Unavailable(Exception):
    """What is needed is not there and cannot be had; the text says what."""


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def need(package, version=None):
    deb = packages.fetch(package, version)
    if not deb:
        raise Unavailable(f"{package} cannot be downloaded")
    return deb


def image_package(version):
    """linux-image-6.12.117+deb12-amd64-unsigned, of 6.12.117-1~deb12u1."""
    upstream, debian = version.split("-", 1)
    return f"linux-image-{upstream}+{re.search('deb[0-9]+', debian).group()}-amd64-unsigned"


class Kernel:
    """One version's tests in the cache.  Each step is done once."""

    def __init__(self):
        deb = need(SOURCE, PIN)
        self.version = packages.version_of(deb)
        self.pinned = self.version == PIN
        self.root = packages.cache_folder() / f"kernel-{self.version}"
        self.source = self.root / "source"
        self.include = self.root / "include"
        self.vmlinux_h = self.root / "vmlinux.h"
        self.objects = packages.cache_folder() / "kernel-objects" / "progs"
        self.log = self.root / "log"
        self.tests = self.source / "tools" / "testing" / "selftests" / "bpf"
        for folder in (self.root, self.objects, self.log):
            folder.mkdir(parents=True, exist_ok=True)
        self.unpack(deb)
        self.install_headers()
        self.make_vmlinux_h()

    def unpack(self, deb):
        if self.source.exists():
            return
        partial = self.root / "source.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        tar = next(packages.unpack(deb).glob("usr/src/*.tar.xz"))
        top = tar.name.removesuffix(".tar.xz")
        run("tar", "-xJf", tar, "-C", partial, *(f"{top}/{part}" for part in PARTS))
        (partial / top).rename(self.source)
        partial.rmdir()

    def install_headers(self):
        if (self.include / "bpf").exists():
            return
        work = self.root / "libbpf"
        work.mkdir(exist_ok=True)
        run("make", "-s", "-C", self.source / "tools" / "lib" / "bpf", "install_headers", "prefix=",
            f"DESTDIR={work}", f"OUTPUT={work}/", stdout=subprocess.DEVNULL)
        (work / "include").rename(self.include)

    def make_vmlinux_h(self):
        if self.vmlinux_h.exists():
            return
        deb = need(image_package(self.version))
        image = next(packages.unpack(deb).glob("boot/vmlinuz-*"))
        vmlinux = self.root / "vmlinux"
        with open(vmlinux, "wb") as out:
            run(self.source / "scripts" / "extract-vmlinux", image, stdout=out)
        partial = self.root / "vmlinux.h.partial"
        with open(partial, "wb") as out:
            run("bpftool", "btf", "dump", "file", vmlinux, "format", "c", stdout=out)
        partial.rename(self.vmlinux_h)

    def without_strict_aliasing(self):
        """The files that the makefile compiles so."""
        makefile = (self.tests / "Makefile").read_text()
        return set(re.findall(r"^progs/(\w+\.c)-CFLAGS := -fno-strict-aliasing", makefile, re.M))

    def progs(self):
        return sorted((self.tests / "progs").glob("*.c"))

    def annotated(self):
        """The files whose programs say what a kernel must think of them."""
        return [f for f in self.progs() if ANNOTATION.search(f.read_text())]

    def flags(self):
        uapi = self.source / "tools" / "include" / "uapi"
        search = run("clang-19", "-v", "-E", "-", stdin=subprocess.DEVNULL, capture_output=True, text=True).stderr
        system = re.search(r"<\.\.\.> search starts here:\n(.*?)End of search", search, re.S).group(1).split()
        return ["-g", "-D__TARGET_ARCH_x86", "-mlittle-endian", f"-I{self.include}", f"-I{self.root}",
                f"-I{self.tests}", f"-I{uapi}", "-Wno-compare-distinct-pointer-types",
                *(flag for folder in system for flag in ("-idirafter", folder)),
                "-DENABLE_ATOMICS_TESTS", "-O2", "--target=bpf", "-mcpu=v3", "-w"]

    def object_of(self, source):
        return self.objects / (source.stem + ".o")

    def compile(self, source, flags):
        """None, or the name of a file that the compiler refused."""
        target, log = self.object_of(source), self.log / (source.stem + ".txt")
        if target.exists():
            return None
        if log.exists():
            return source.name
        partial = target.with_suffix(".partial")
        out = subprocess.run(["nice", "-n", "10", "clang-19", *flags, "-c", source, "-o", partial],
                             capture_output=True, text=True, cwd=self.tests)
        if out.returncode:
            log.write_text(out.stderr)
            return source.name
        partial.rename(target)
        return None

    def build(self, sources):
        """The objects of these sources, and the names of those that the compiler refused."""
        plain = self.flags()
        loose = self.without_strict_aliasing()
        jobs = int(os.environ.get("JOBS", "2"))

        def one(source):
            return self.compile(source, plain + ["-fno-strict-aliasing"] * (source.name in loose))

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            refused = [name for name in pool.map(one, sources) if name]
        return [self.object_of(s) for s in sources if self.object_of(s).exists()], refused

    def struct_tests(self):
        """The file that describes the tests in struct form (struct_tests.c says how)."""
        printed, program = self.root / "struct_tests.txt", self.root / "struct_tests"
        driver = os.path.join(HERE, "struct_tests.c")
        if printed.exists() and printed.stat().st_mtime >= os.stat(driver).st_mtime:
            return printed
        parts = sorted(f.name for f in (self.tests / "verifier").glob("*.c"))
        generated = self.root / "generated" / "verifier"
        generated.mkdir(parents=True, exist_ok=True)
        (generated / "tests.h").write_text("".join(f'#include "{self.tests}/verifier/{name}"\n' for name in parts))
        run("cc", "-w", "-O0", "-D_GNU_SOURCE", f"-I{generated.parent}", f"-I{self.include}", f"-I{self.tests}",
            f"-I{self.source}/tools/include", f"-I{self.source}/tools/include/uapi", driver, "-o", program)
        run(program, printed, stdout=subprocess.DEVNULL)
        return printed

    def oracle(self):
        """The program that asks the running kernel (kernel_oracle.c)."""
        program, library = self.root / "kernel_oracle", self.root / "libbpf" / "libbpf.a"
        sources = [os.path.join(HERE, name) for name in ("kernel_oracle.c", "struct_test.c", "struct_test.h")]
        if program.exists() and all(program.stat().st_mtime >= os.stat(s).st_mtime for s in sources):
            return program
        if not library.exists():
            run("nice", "-n", "10", "make", "-s", "-j", os.environ.get("JOBS", "2"), "-C",
                self.source / "tools" / "lib" / "bpf", f"OUTPUT={library.parent}/", library,
                stdout=subprocess.DEVNULL)
        run("cc", "-O1", "-D_GNU_SOURCE", f"-I{self.include}", f"-I{self.source}/tools/include/uapi",
            *sources[:2], library, "-lelf", "-lz", "-Wl,--wrap=syscall", "-o", program)
        return program
