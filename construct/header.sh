#!/bin/sh
# shellcheck disable=SC2317,SC2329  # undo and interrupt are called by traps
{
# The first part of the installer. The seal puts the constants and preflight.sh into it; the payload follows the
# last line. Everything is inside one pair of braces, so that half a file is a syntax error and never half a run.

# Of what the caller's environment holds, nothing counts here but who called sudo. Bash takes exported functions for
# commands, even for `unset`, which with this variable means the shell's own again.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
POSIXLY_CORRECT=1
unset -f unset compgen
unset POSIXLY_CORRECT IFS
# shellcheck disable=SC2046,SC3044  # only bash has compgen, and only bash exports functions
case ${BASH_VERSION-} in ?*) unset -f $(compgen -A function 2>/dev/null) ;; esac
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    # those that bash keeps for itself cannot be unset
    case $name in PATH | PWD | SUDO_UID) ;; *) unset "$name" 2>/dev/null || : ;; esac
done

# constants: begin
# The seal rewrites these lines.
product=Littlest
version_here=0
default_prefix=/opt/littlest/releases/0
minimum_glibc=2.35
minimum_systemd=245
needed_kb=0
needed_files=0
package_count=0
bootstrap_bytes=0
tar_bytes=0
payload_sha256=
header_bytes=0
header_sha256=
# constants: end

releases_dir=${default_prefix%/*}
log_dir=/var/log/littlest
lock_file=/run/littlest.lock # LOCK_FILE of littlest/paths.py: every littlest command that changes something takes it

# shellcheck source=construct/preflight.sh
. "$(dirname -- "$0")/preflight.sh" # the seal puts the file's text here

print_help() {
    cat <<EOF
$product $version_here: turns this server into a JupyterHub. Nothing is downloaded.

  sudo sh ${0##*/}              install into $default_prefix

  -b                   accepted, but has no effect: this installer never asks anything
  -p PREFIX            accepted for $default_prefix only
  --admin NAME[:FILE]  the hub's first admin (default: admin); the first password is read from FILE,
                       else one is made and kept in a file that only root can read
  --no-start           set everything up, but start nothing
  --check              only check whether this machine meets the requirements
  --verify             only check that this file is complete
  --extract-only DIR   only unpack the hub's environment into DIR; changes nothing else, needs no root
  --version            print the version
  -h, --help           print this

Exit status: 0 done, or already installed and intact; 1 failed, and the system is unchanged; 2 wrong usage;
3 the existing settings are not valid (all problems are listed); 5 another installation is running;
6 failed, and something could not be removed; 65 this file is damaged; 69 this machine lacks something (all of it is
listed); 77 you are not root; 129, 130, 141, 143 interrupted, and the system is unchanged.
The log is in $log_dir.
EOF
}

main() {
    set +fCxv
    set -eu
    umask 022
    LC_ALL=C
    export LC_ALL PATH
    exec </dev/null
    # what we open first would take the place of one that is closed
    (: 3>&2) || exec 2>/dev/null
    (: 3>&1) 2>/dev/null || exec >/dev/null
    started=$(date +%s)
    log=/dev/null
    ended=
    prefix=
    made=
    admin=
    no_start=
    is_handed_over=
    find_self
    read_arguments "$@"
    case $action in
    help) print_help ;;
    version) echo "$product $version_here" ;;
    verify)
        verify_file
        echo "$self is complete: $product $version_here, $(($(wc -c <"$self"))) bytes."
        ;;
    check)
        check_file_size
        look_at_installed
        check_machine
        echo "This machine meets the requirements of $product $version_here."
        ;;
    extract) extract ;;
    install) install ;;
    esac
}

find_self() {
    case $0 in
    /*) self=$0 ;;
    *) self=$PWD/$0 ;;
    esac
    # not the shell itself, which is what $0 names when this comes through a pipe
    [ -f "$self" ] && [ -r "$self" ] && head -n 50 "$self" | grep -q '^header_bytes=' && return
    fail 2 "This installer cannot read itself." "Save it as a file, then run:  sudo sh FILE"
}

read_arguments() {
    action=
    extract_dir=
    while [ $# -gt 0 ]; do
        case $1 in
        -b) ;;
        -p | -bp) need_value "$@" && prefix=$2 && shift ;;
        -p?*) prefix=${1#-p} ;;
        --admin) need_value "$@" && admin=$2 && shift ;;
        --admin=?*) admin=${1#*=} ;;
        --no-start) no_start=1 ;;
        --extract-only) need_value "$@" && choose extract && extract_dir=$2 && shift ;;
        --extract-only=?*) choose extract && extract_dir=${1#*=} ;;
        -h | --help) choose help ;;
        --version | --check | --verify) choose "${1#--}" ;;
        -u) refuse "-u: an installed release is never changed in place." "Run this file without it: it says whether what is installed is intact." ;;
        -f) refuse "-f: existing files are never overwritten." "Run this file without it: it says what is in the way." ;;
        -s) refuse "-s: without its last step the hub would not be set up." "To start nothing, give --no-start; to only unpack, --extract-only DIR." ;;
        *) refuse "Unknown word: $1" "sh ${0##*/} --help lists what this installer understands." ;;
        esac
        shift
    done
    action=${action:-install}
    case ${prefix:-$default_prefix} in
    "$default_prefix" | "$default_prefix/") prefix=$default_prefix ;;
    *) refuse "-p: the hub lives in $default_prefix and nowhere else." "Leave -p out; to only unpack into another directory, give --extract-only $prefix." ;;
    esac
    [ -z "$admin" ] || check_admin
}

check_admin() {
    file=${admin#*:}
    case ${admin%%:*} in
    # the hub would refuse such a name as well, but a minute later
    '' | -* | . | .. | */* | [[:space:]]* | *[[:space:]] | *[[:cntrl:]]*) file= ;;
    esac
    [ -n "$file" ] || refuse "--admin $admin: NAME or NAME:FILE was expected." "For example: --admin ada, or --admin ada:/root/password"
    [ "$file" != "$admin" ] || return 0
    case $file in /*) ;; *) file=$PWD/$file ;; esac
    if [ ! -f "$file" ] || [ ! -r "$file" ]; then
        refuse "--admin: the password file $file cannot be read." "Write the first password into it, or leave :FILE out."
    fi
    # littlest install counts characters, a minute later
    [ "$(sed 1q "$file" | tr -d '\n' | wc -c)" -ge 7 ] ||
        refuse "--admin: the password in $file is too short: it needs at least 7 characters." "Write a longer one into its first line."
    admin=${admin%%:*}:$file
}

need_value() {
    if [ $# -lt 2 ] || [ -z "$2" ]; then
        refuse "$1 needs a value." "sh ${0##*/} --help shows which."
    fi
}

choose() {
    [ -z "$action" ] || [ "$action" = "$1" ] || refuse "--$action and --$1 do not go together." "Give one of them."
    action=$1
}

refuse() {
    fail 2 "$@"
}

# fail STATUS WHAT [WHAT_TO_DO]
fail() {
    status=$1
    shift
    for line in "$@"; do
        complain "$line"
        echo "$line" >>"$log" || :
    done
    exit "$status"
}

# complain TEXT: on a screen that may be gone
complain() {
    echo "$1" >&2 2>/dev/null || :
}

say() {
    echo "$@" 2>/dev/null || :
    echo "$@" >>"$log" || :
}

# begin_step NUMBER TEXT
begin_step() {
    step_text=$2
    say "[$1/5] $(printf '%3d' $(($(date +%s) - started))) s  $2"
}

check_file_size() {
    expected=$((header_bytes + bootstrap_bytes + tar_bytes))
    actual=$(($(wc -c <"$self")))
    [ "$actual" -eq "$expected" ] ||
        fail 65 "$self is damaged: it has $actual bytes instead of $expected." "Nothing was changed. Download or copy it again."
    digest=$(head -c "$header_bytes" "$self" | sed '/^header_sha256=/d' | sha256sum)
    [ "${digest%% *}" = "$header_sha256" ] ||
        fail 65 "$self is damaged in its first part." "Nothing was changed. Download or copy it again."
}

verify_file() {
    check_file_size
    digest=$(tail -c +$((header_bytes + 1)) "$self" | sha256sum)
    [ "${digest%% *}" = "$payload_sha256" ] ||
        fail 65 "$self is damaged: its content does not match its checksum." "Nothing was changed. Download or copy it again."
}

check_machine() {
    found=$(look_at_everything)
    problems=$(echo "$found" | sed '/^warning: /d; /^$/d')
    echo "$found" | sed -n 's/^warning: /Note: /p'
    [ -n "$problems" ] || return 0
    if [ "$(id -u)" != 0 ] && [ "$problems" = "$(look_at_user)" ]; then
        fail 77 "$problems"
    fi
    count=$(echo "$problems" | sed -n '$=')
    echo "This machine does not meet the requirements of $product $version_here yet ($count to correct; nothing was changed):" >&2
    echo "$problems" | sed 's/^/  - /' >&2
    exit 69
}

take_lock() {
    while :; do
        umask 077 # anyone who can open it can hold it
        exec 9>>"$lock_file" # open until we end: `littlest install` finds it among its open files
        umask 022
        if ! flock -n 9; then
            read -r holder <"$lock_file" || holder="an unknown process"
            fail 5 "Another littlest is changing this machine: $holder." "Wait until it has ended, then run this again."
        fi
        # who held it until now may have removed it since we opened it
        case $(readlink "/proc/$$/fd/9") in *" (deleted)") ;; *) break ;; esac
    done
    echo "process $$ (the installer)" >"$lock_file"
    trap 'rm -f "$lock_file"' EXIT
}

install() {
    begin_step 1 "Checking this file"
    verify_file
    begin_step 2 "Checking this machine"
    if [ "$(id -u)" = 0 ]; then
        take_lock
        look_at_installed
    fi
    check_machine

    watch_for_the_end
    make_directory "$log_dir"
    log=$log_dir/install-$(date -u +%Y%m%dT%H%M%SZ).log
    (umask 027 && : >"$log")
    say "$product $version_here, from $self, goes into $prefix; log: $log"
    make_directory "$prefix"
    empty "$prefix" # of what an interrupted run left
    echo "$payload_sha256" >"$prefix/.littlest-incomplete"
    unpack
    chown -R -h 0:0 "$prefix"
    if command -v selinuxenabled >/dev/null 2>&1 && selinuxenabled; then
        restorecon -R "$prefix" || say "Note: restorecon failed; SELinux may keep the services from starting."
    fi

    begin_step 5 "Setting up the hub"
    LITTLEST_ADMIN=$admin LITTLEST_NO_START=$no_start LITTLEST_LOG=$log
    export LITTLEST_ADMIN LITTLEST_NO_START LITTLEST_LOG
    is_handed_over=1
    run_shown "$prefix/pkgs/post_install.sh" || fail_set_up $?
    finish
}

# finish: the hub runs, and from here on nothing may take the release from under it
finish() {
    trap '' INT TERM HUP PIPE
    trap 'rm -f "$lock_file"' EXIT
    mv "$prefix/.littlest-incomplete" "$prefix/.littlest-complete" ||
        fail 6 "The hub is set up, but $prefix/.littlest-incomplete could not be renamed to .littlest-complete." "Rename it yourself."
    remove_tools || say "Note: what was only needed to install could not be removed from $prefix."
}

# fail_set_up STATUS: as \`littlest install\` said it, where the two speak of the same
fail_set_up() {
    case $1 in
    2 | 3 | 5 | 6) fail "$1" "Setting up the hub failed." ;;
    *) fail 1 "Setting up the hub failed (status $1)." ;;
    esac
}

extract() {
    verify_file
    problem=$(look_at_file)
    [ -z "$problem" ] || fail 69 "$problem"
    case $extract_dir in
    /*) prefix=$extract_dir ;;
    *) prefix=$PWD/$extract_dir ;;
    esac
    while [ "${prefix%/}" != "$prefix" ]; do prefix=${prefix%/}; done
    case $prefix in
    *[[:space:]]*) refuse "--extract-only: programs in a path with a space, such as $prefix, do not start." "Name another directory." ;;
    esac
    [ ! -L "$prefix" ] || fail 1 "$prefix is a link." "Name the directory itself."
    if [ -e "$prefix" ] && ! is_empty "$prefix"; then
        fail 1 "$prefix exists and is not empty." "Name a directory that is not there yet."
    fi
    watch_for_the_end
    make_directory "$prefix"
    log=$prefix/extract.log
    unpack
    LITTLEST_EXTRACT_ONLY=1
    export LITTLEST_EXTRACT_ONLY
    run_hidden "$prefix/pkgs/post_install.sh" || fail_step
    remove_tools
    rm -f "$log"
    log=/dev/null
    trap - EXIT INT TERM HUP PIPE
    echo "$product $version_here is unpacked in $prefix. Nothing else was changed."
}

# look_at_installed: ends here where this very build is installed already
look_at_installed() {
    [ -e "$prefix/.littlest-complete" ] || return 0
    read -r sealed <"$prefix/.littlest-complete" || sealed=
    [ "$sealed" = "$payload_sha256" ] || return 0
    damage=$(find_damage)
    if [ -n "$damage" ]; then
        echo "$product $version_here is installed in $prefix, but it is damaged:" >&2
        echo "$damage" | sed -n '1,10s/^/  - /p' >&2
        echo "$damage" | sed -n '$=' | awk '$1 > 10 { print "  - and " $1 - 10 " more" }' >&2
        fail 1 "To install it again (settings and users' files stay):  sudo mv $prefix $prefix.damaged && sudo sh $self"
    fi
    echo "$product $version_here is installed in $prefix and intact. Nothing was changed."
    [ -z "$admin" ] ||
        echo "Note: --admin ${admin%%:*} is only for a first installation, and was ignored. To add an admin: sudo littlest config add users.admin NAME"
    exit 0
}

find_damage() {
    if [ ! -s "$prefix/share/littlest/manifest.sha256" ]; then
        echo "share/littlest/manifest.sha256 is missing"
        return
    fi
    (cd "$prefix" && sha256sum -c share/littlest/manifest.sha256 2>&1 | sed '/: OK$/d; /WARNING/d') || :
}

empty() {
    find "$1/" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
}

# unpack: the prefix, up to post_install, with the four calls that any conda executable understands
unpack() {
    begin_step 3 "Unpacking $package_count packages"
    conda=$prefix/_conda
    TMPDIR=$prefix/install_tmp # never /tmp, which may be mounted noexec
    TMP=$TMPDIR TEMP=$TMPDIR
    CONDA_ROOT_PREFIX=$prefix CONDA_PKGS_DIRS=$prefix/pkgs CONDA_REGISTER_ENVS=false CONDA_QUIET=1
    CONDA_PROTECT_FROZEN_ENVS=0 CONDA_OFFLINE=1
    PREFIX=$prefix INSTALLER_NAME=$product INSTALLER_VER=$version_here INSTALLER_PLAT=linux-64 INSTALLER_TYPE=SH
    export PREFIX INSTALLER_NAME INSTALLER_VER INSTALLER_PLAT INSTALLER_TYPE TMPDIR TMP TEMP CONDA_ROOT_PREFIX CONDA_PKGS_DIRS CONDA_REGISTER_ENVS CONDA_QUIET \
        CONDA_PROTECT_FROZEN_ENVS CONDA_OFFLINE
    mkdir "$TMPDIR"
    copy_payload
    chmod 0755 "$conda"
    # shellcheck disable=SC2016 # these are the inner shell's own arguments
    run_hidden sh -c '"$1" constructor --prefix "$2" --extract-tarball <"$2/payload.tar"' unpack \
        "$conda" "$prefix" || fail_step
    rm "$prefix/payload.tar"
    # shellcheck disable=SC2016
    run_hidden sh -c '"$1" constructor --prefix "$2" --extract-tarball <"$2/preconda.tar.bz2"' preconda \
        "$conda" "$prefix" || fail_step
    run_hidden "$conda" constructor --prefix "$prefix" --extract-conda-pkgs || fail_step
    begin_step 4 "Installing the packages"
    run_hidden "$conda" install --offline --file "$prefix/conda-meta/initial-state.explicit.txt" -yp "$prefix" \
        --no-shortcuts --no-rc || fail_step
    # shellcheck disable=SC2016
    run_hidden sh -c '"$1" constructor --prefix "$2" --extract-tarball <"$2/postconda.tar.bz2"' postconda \
        "$conda" "$prefix" || fail_step
    # packages carry files that a group or the world may write, and some that only their owner may read
    chmod -R go-w,a+rX "$prefix"
}

# copy_payload: what runs is a copy that only we can write, and that is checked once more. Somebody may have changed the file
# since, or decide with each reading what is in it, as on a network's disk.
copy_payload() {
    # Not with dd: its short reads break it where coreutils are Rust's. The tail comes last, because a head that has
    # enough leaves the command before it with a broken pipe.
    head -c $((header_bytes + bootstrap_bytes)) "$self" | tail -c +$((header_bytes + 1)) >"$conda" || fail_step
    tail -c +$((header_bytes + bootstrap_bytes + 1)) "$self" >"$prefix/payload.tar" || fail_step
    digest=$(cat "$conda" "$prefix/payload.tar" | sha256sum)
    [ "${digest%% *}" = "$payload_sha256" ] ||
        fail 65 "$self changed while it was read: what was copied of it does not have the sha256 that was sealed." "Nothing of it ran. Find out who changed it, and download it again."
}

remove_tools() {
    rm -rf "$prefix/pkgs" "$prefix/install_tmp" "$prefix/_conda" "$prefix/preconda.tar.bz2" "$prefix/postconda.tar.bz2"
}

fail_step() {
    echo "$step_text failed:" >&2
    tail -n 5 "$log" | sed 's/^/  /' >&2
    exit 1
}

# what becomes the command, and tells `interrupt` that no other shell can swallow a signal for it any more
# shellcheck disable=SC2016
begin=': >"$TMPDIR/started"; exec "$@"'

# run_hidden COMMAND ...: its words go to the log. In a session of its own, so that a signal can end all of it.
run_hidden() {
    rm -f "$TMPDIR/started"
    setsid sh -c "$begin" run "$@" >>"$log" 2>&1 &
    status=0
    wait "$!" || status=$?
    ended=$!
    return "$status"
}

# run_shown COMMAND ...: its words go to the screen and to the log, and its status comes back. It stays the child: to a
# signal that comes when it has just ended, its status still says whether the hub is set up.
run_shown() {
    rm -f "$TMPDIR/started"
    # The inner shell outlives a signal, so that the command can undo what it did and still be heard.
    # shellcheck disable=SC2016
    setsid sh -c '
        trap : TERM
        exec 4>&1
        log=$1
        begin=$2
        shift 2
        # every shell in between outlives it, too: one that does not would lose the status
        status=$(
            trap : TERM
            { { trap : TERM; sh -c "$begin" run "$@" 2>&1 4>&- 3>&-; echo $? >&3; } | (trap "" TERM PIPE; exec tee -a "$log" >&4); } 3>&1
        )
        exit "$status"' run "$log" "$begin" "$@" &
    wait "$!"
}

watch_for_the_end() {
    trap 'undo $?' EXIT
    trap 'interrupt INT 130' INT
    trap 'interrupt TERM 143' TERM
    trap 'interrupt HUP 129' HUP
    trap 'interrupt PIPE 141' PIPE # who reads what we say has gone, as in "| head"
}

# interrupt SIGNAL STATUS
interrupt() {
    trap '' INT TERM HUP PIPE
    set +e
    complain "Interrupted ($1). Undoing what was done ..."
    # $! and not a variable of ours: between the start and an assignment, nobody would know of the child
    child=${!-}
    if [ "$child" != "$ended" ]; then
        # until the command itself runs, the shells that start it may swallow a signal
        waited=0
        while [ ! -e "$TMPDIR/started" ] && kill -0 "$child" 2>/dev/null && [ "$waited" -lt 10 ]; do
            sleep 1
            waited=$((waited + 1))
        done
        # no "--" before the group: dash and busybox take it for a number
        kill -TERM "-$child" 2>/dev/null || kill -TERM "$child" 2>/dev/null
        waited=0
        while kill -0 "-$child" 2>/dev/null && [ "$waited" -lt 120 ]; do
            sleep 1
            waited=$((waited + 1))
        done
        wait "$child"
        case ${is_handed_over:+$?} in
        0) finish && exit 0 ;; # it had done its work already
        6) exit 6 ;;
        esac
    fi
    exit "$2"
}

# undo STATUS: removes what this run made
undo() {
    trap '' INT TERM HUP PIPE
    trap - EXIT
    set +e
    [ "$1" -ne 0 ] || exit 0
    tries=0
    # a process that is just ending may still write
    while [ -d "$prefix" ] && ! is_empty "$prefix" && [ "$tries" -lt 10 ]; do
        [ "$tries" = 0 ] || sleep 1
        empty "$prefix" 2>/dev/null
        tries=$((tries + 1))
    done
    kept_log=
    [ "$log" = /dev/null ] || [ ! -e "$log" ] || kept_log=$log
    for directory in $made; do
        rmdir "$directory" 2>/dev/null
    done
    removed="what this run had made is removed"
    [ "$1" != 6 ] || removed="some of what this run had made could not be removed, as said above"
    complain "$product $version_here was not installed; $removed.${kept_log:+ Log: $kept_log}"
    [ "$action" != install ] || rm -f "$lock_file"
    exit "$1"
}

# make_directory PATH: with those above it, remembering which were not there
make_directory() {
    [ ! -d "$1" ] || return 0
    make_directory "$(dirname -- "$1")"
    mkdir "$1"
    made="$1 $made"
}

main "$@"
exit
}
