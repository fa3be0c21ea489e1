"""Debian packages as test data: fetched into a cache outside the tree, unpacked, never installed."""
import os
import pathlib
import subprocess


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = pathlib.Path(os.environ.get("SKEP_CORPORA") or pathlib.Path(base) / "skep")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def version_of(deb):
    return subprocess.run(["dpkg-deb", "-f", deb, "Version"], capture_output=True, text=True,
                          check=True).stdout.strip()


def find_deb(name):
    debs = sorted((cache_folder() / "deb").glob(f"{name}_*.deb"), key=os.path.getmtime)
    return debs[-1] if debs else None


def fetch(name, version=None):
    """The package's file, downloaded when the cache has none; None when there is no way to it.
    Where apt no longer has the version that is asked for, the newest."""
    deb = find_deb(name)
    if deb:
        return deb
    folder = cache_folder() / "deb"
    folder.mkdir(exist_ok=True)
    for wanted in [f"{name}={version}"] * bool(version) + [name]:
        run = subprocess.run(["apt-get", "download", "-qq", wanted], cwd=folder,
                             capture_output=True, text=True)
        if run.returncode == 0:
            return find_deb(name)
    return None


def unpack(deb):
    """The folder of a package's contents, named by package and version."""
    folder = cache_folder() / "unpacked" / deb.stem
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        partial.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "-x", deb, partial], check=True)
        partial.rename(folder)
    return folder
