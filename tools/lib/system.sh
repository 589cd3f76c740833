# SPDX-License-Identifier: BSD-2-Clause
#
# Functions for tools that try something in a minimal Debian system, which
# debootstrap makes.  The tool has changed to the top of the tree, and defines
# die().

# What that needs of this machine.
system_check()
{
	[ "$(id -u)" -eq 0 ] ||
		die "needs root, for debootstrap and chroot.  Run it with sudo."
	command -v debootstrap >/dev/null ||
		die "debootstrap is missing.  Run: apt-get install debootstrap"
	unshare --mount true ||
		die "root may not make a mount namespace here, as in some" \
		    "containers.  Run it on a machine or a virtual one."
}

# Make system $2 (a suite's name) in directory $1, with a cache of packages in
# directory $3.  $4 are its packages, with commas, besides the least that there
# can be; ca-certificates unless given.
system_make()
{
	system_mirror=$(tools/lib/mirror) || exit 1
	mkdir -p "$3"
	rm -rf "$1"
	debootstrap --variant=minbase --cache-dir="$3" \
	    --include="${4:-ca-certificates}" "$2" "$1" "$system_mirror" ||
		die "debootstrap could not make $2 from this machine's" \
		    "mirror: see above, and $1/debootstrap/debootstrap.log."
	apt-config dump | grep -i '^Acquire::.*::Proxy' \
	    >"$1/etc/apt/apt.conf.d/90proxy" || :
}

# Run shell command $3 in directory $2 of the system in directory $1.  /proc is
# mounted in a mount namespace of the command's own: however that ends, nothing
# stays mounted.  $4 is a further option of unshare(1): with --net there is no
# network.
system_run()
{
	unshare --mount --propagation private ${4-} sh -c '
	    mount -t proc proc "$1/proc" && exec chroot "$1" env -i \
	    HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    ${http_proxy:+http_proxy="$http_proxy"} \
	    ${https_proxy:+https_proxy="$https_proxy"} \
	    sh -c "cd \"\$1\" && eval \"\$2\"" sh "$2" "$3" </dev/null' \
	    sh "$1" "$2" "$3"
}
