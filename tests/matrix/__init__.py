"""Debian's releases, each set up in a bare root and tried on a kernel of its own: `make matrix`.

`machines`: which there are. `root` makes a release's root by `root.sh`; `trial` is what runs on it
in the virtual machine; `verdict` judges what that brought; `table` shows it.
"""
