# shellcheck shell=sh disable=SC2154  # product, version_here, releases_dir, admin, needed_* and minimum_* are header.sh's
# Checks whether this machine meets the requirements. Read into the header when the installer is sealed.
#
# Each look_at_* function writes one line for each problem to standard output and nothing where all is well; a line
# that starts with "warning:" does not stop the installation. Nothing here changes anything.
# ROOT is empty on a server; tests set it to a directory that looks like one.

look_at_everything() {
    look_at_user
    look_at_file
    look_at_architecture
    look_at_glibc
    look_at_systemd
    look_at_commands
    look_at_space "$releases_dir" "$needed_kb" "$needed_files" "for the release and the user environment"
    look_at_space /var/lib 204800 1000 "for the hub's database and logs"
    look_at_mounts
    look_at_memory
    look_at_port
    look_at_other_hubs
    look_at_other_versions
    look_at_prefix
    look_at_accounts
    look_at_units
    look_at_admin
}

look_at_user() {
    [ "$(id -u)" = 0 ] || echo "You are not root. Run it with sudo."
}

# a person who can change the file, or put another in its place, decides what root runs
look_at_file() {
    [ -n "${self-}" ] || return 0
    writer=$(find_writer "$self")
    [ -z "$writer" ] ||
        echo "Others can change this file: $writer. Make a copy that is root's, compare its sha256 with the published one, and run the copy:  sudo cp '$self' /root/ && sudo sha256sum '/root/${self##*/}' && sudo sh '/root/${self##*/}'"
}

look_at_architecture() {
    machine=$(uname -sm)
    [ "$machine" = "Linux x86_64" ] ||
        echo "This machine is '$machine'; this file is for Linux x86_64 (64-bit Intel or AMD)."
}

look_at_glibc() {
    version=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p') || version=
    [ -n "$version" ] || version=$(ldd --version 2>/dev/null | sed -n '1s/.* \([0-9][0-9.]*\)$/\1/p') || version=
    if [ -z "$version" ]; then
        echo "No GNU C library was found; version $minimum_glibc or newer is needed (Debian 12, Ubuntu 22.04 and newer have it)."
    elif ! is_at_least "$version" "$minimum_glibc"; then
        echo "The GNU C library here is version $version; $minimum_glibc or newer is needed (Debian 12, Ubuntu 22.04 and newer have it)."
    fi
}

look_at_systemd() {
    if [ ! -d "${ROOT-}/run/systemd/system" ]; then
        echo "systemd does not run this machine (it is a container, perhaps); the hub's services need it."
        return
    fi
    version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p') || version=
    if [ -z "$version" ] || [ "$version" -lt "$minimum_systemd" ]; then
        echo "systemd here is version ${version:-unknown}; $minimum_systemd or newer is needed."
    fi
}

look_at_commands() {
    missing=
    for command in useradd userdel usermod groupadd groupdel systemctl systemd-run flock setsid sha256sum find; do
        command -v "$command" >/dev/null 2>&1 || missing="$missing $command"
    done
    [ -z "$missing" ] || echo "These commands are missing:$missing. Install the packages that bring them."
    command -v sudo >/dev/null 2>&1 ||
        echo "warning: sudo is not installed, so admins of the hub cannot become root in a terminal until it is."
    command -v git >/dev/null 2>&1 ||
        echo "warning: git is not installed, so links that fetch course files (nbgitpuller) do not work until it is: apt-get install git"
}

# look_at_space DIRECTORY KILOBYTES FILES WHAT_FOR
look_at_space() {
    place=$(find_existing "${ROOT-}$1")
    free=$(df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print $4 }') || free=
    case $free in
    '' | *[!0-9]*) ;;
    *)
        [ "$free" -ge "$2" ] ||
            echo "${place#"${ROOT-}"} has $((free / 1024)) MB free; $(($2 / 1024)) MB are needed $4."
        ;;
    esac
    # a file system that makes inodes as it needs them says 0 or "-" of 0
    nodes=$(df -Pi "$place" 2>/dev/null | awk 'NR == 2 && $2 + 0 > 0 { print $4 }') || nodes=
    case $nodes in
    '' | *[!0-9]*) ;;
    *)
        [ "$nodes" -ge "$3" ] ||
            echo "${place#"${ROOT-}"} has room for $nodes more files (inodes); $3 are needed $4."
        ;;
    esac
}

look_at_mounts() {
    case ,$(find_mount_options "$releases_dir"), in
    *,noexec,*) echo "$releases_dir is on a file system mounted noexec: no program can run there. Remount it with exec." ;;
    esac
    for directory in "$releases_dir" /etc /usr/bin /var/lib /var/log; do
        case ,$(find_mount_options "$directory"), in
        *,ro,*) echo "$directory is on a file system mounted read-only. Remount it for writing." ;;
        esac
    done
}

look_at_memory() {
    kilobytes=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' "${ROOT-}/proc/meminfo" 2>/dev/null) || kilobytes=
    [ "${kilobytes:-9999999}" -ge 1000000 ] ||
        echo "warning: this machine has $((kilobytes / 1024)) MB of memory; with less than 1 GB, users' servers may not start."
}

look_at_port() {
    port=$(read_port)
    hexadecimal=$(printf '%04X' "$port")
    # the fourth column is the state (0A: listening), the tenth the socket's inode
    sockets=$(cat "${ROOT-}/proc/net/tcp" "${ROOT-}/proc/net/tcp6" 2>/dev/null |
        awk -v port=":$hexadecimal" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }') || sockets=
    [ -n "$sockets" ] || return 0
    holder=$(find_holder "$sockets")
    case $holder in
    *"unit jupyterhub-proxy.service"*) is_ours jupyterhub-proxy.service && return 0 ;;
    *"(process 1)"*) holds_port "$port" && return 0 ;;
    esac
    echo "Port $port is taken by ${holder:-a program that only root can name}. Stop it, or set another http.port in /etc/littlest/config.yaml before you install."
}

look_at_other_hubs() {
    [ ! -d "${ROOT-}/opt/tljh" ] ||
        echo "Another program of the same name (TLJH) is installed in /opt/tljh. Remove it, or take another server."
    [ ! -d "${ROOT-}/etc/jupyterhub" ] ||
        echo "Another JupyterHub has its configuration in /etc/jupyterhub. Remove it, or take another server."
}

look_at_other_versions() {
    current=$(readlink "${ROOT-}/opt/littlest/current" 2>/dev/null) || return 0
    [ "${current##*/}" = "$version_here" ] ||
        echo "$product ${current##*/} is installed. This file cannot upgrade it to $version_here: remove it with 'littlest uninstall' first (users' files stay)."
}

look_at_prefix() {
    place=${ROOT-}$default_prefix
    # for as long as the release is there, and so also not by the person who called sudo today
    # shellcheck disable=SC2030,SC2031  # only in here
    writer=$(SUDO_UID='' && find_writer "$(find_existing "$place")")
    [ -z "$writer" ] ||
        echo "Others can change what is put into $default_prefix: ${writer#"${ROOT-}"}. Make it root's:  chown root:root FOLDER && chmod go-w FOLDER"
    if [ -L "$place" ]; then
        # the packages would be installed where the link leads
        echo "$default_prefix is a link. Remove it; to keep the release on another disk, mount that at $releases_dir."
    elif [ -e "$place/.littlest-complete" ]; then
        read -r sealed <"$place/.littlest-complete" || sealed=
        [ "$sealed" = "$payload_sha256" ] ||
            echo "$product $version_here is installed already, from another build of it. Remove it with 'littlest uninstall' first (users' files stay)."
    elif [ -e "$place" ] && [ ! -e "$place/.littlest-incomplete" ] && ! is_empty "$place"; then
        echo "$default_prefix exists and contains files that are not from this installer. Move it away."
    fi
}

look_at_accounts() {
    # accounts and groups that we make are system ones; a person's account of that name is not ours
    number=$(sed -n 's/^littlest-proxy:[^:]*:\([0-9]*\):.*/\1/p' "${ROOT-}/etc/passwd" 2>/dev/null) || number=
    [ "${number:-0}" -lt 1000 ] ||
        echo "An account named littlest-proxy exists already (number $number) and is not ours. Rename or remove it."
    for name in littlest-admins littlest-sudo littlest-users littlest-hub-only; do
        number=$(sed -n "s/^$name:[^:]*:\([0-9]*\):.*/\1/p" "${ROOT-}/etc/group" 2>/dev/null) || number=
        [ "${number:-0}" -lt 1000 ] ||
            echo "A group named $name exists already (number $number) and is not ours. Rename or remove it."
    done
}

look_at_units() {
    for unit in jupyterhub.service jupyterhub.socket jupyterhub-proxy.service jupyterhub-proxy.socket \
        jupyterhub-idle-culler.service jupyterhub-users.slice run-littlest-servers.mount; do
        path=$(find_unit "$unit")
        [ -z "$path" ] || is_ours "$unit" ||
            echo "${path#"${ROOT-}"} belongs to another JupyterHub. Remove that one, or take another server."
    done
}

# settings from an earlier installation must name the admin; `littlest install` checks it, a minute later
look_at_admin() {
    settings=${ROOT-}/etc/littlest/config.yaml
    [ -n "${admin-}" ] && [ -r "$settings" ] || return 0
    grep -qiF -e "${admin%%:*}" "$settings" ||
        echo "--admin ${admin%%:*}: /etc/littlest/config.yaml exists already and does not name ${admin%%:*} in users.admin. Add the name there, or leave --admin out."
}

# holds_port PORT: whether it is one of those that systemd holds for our proxy
holds_port() {
    path=$(find_unit jupyterhub-proxy.socket)
    [ -n "$path" ] && is_ours jupyterhub-proxy.socket && grep -Eq "^ListenStream=(.*:)?$1\$" "$path"
}

# is_at_least VERSION MINIMUM: compares dotted numbers
is_at_least() {
    awk -v here="$1" -v least="$2" 'BEGIN {
        count = split(least, wanted, "."); split(here, found, ".")
        for (i = 1; i <= count; i++) {
            if (found[i] + 0 > wanted[i] + 0) exit 0
            if (found[i] + 0 < wanted[i] + 0) exit 1
        }
    }'
}

# is_empty DIRECTORY: the slash makes find look behind a link
is_empty() {
    [ -d "$1" ] && [ -z "$(find "$1/" -mindepth 1 -maxdepth 1 | sed 1q)" ]
}

# find_existing PATH: the path, or the nearest directory above it that exists
find_existing() {
    place=$1
    while [ ! -e "$place" ] && [ -n "${place#/}" ]; do
        place=${place%/*}
        [ -n "$place" ] || place=/
    done
    echo "$place"
}

# find_writer PATH: what lets others than root and the caller of sudo change what is at the path, or put something else
# there; nothing where nobody can. Goes up to /, and along links.
find_writer() {
    # shellcheck disable=SC2012,SC2046  # stat(1) knows nothing of access control lists, which ls shows as a plus
    set -- "$1" $(ls -ldn -- "$1" 2>/dev/null | sed 1q)
    writer=
    case ${2-} in
    '') writer="$1 cannot be looked at" ;;
    l*) ;;
    d????????[tT]*) ;; # nobody removes or renames what others have in it
    ????????w*) writer="everybody may write to $1" ;;
    ?????w????+*) writer="an access control list lets others write to $1" ;;
    ?????w*) is_of_one "$5" || writer="the group $(getent group "$5" | sed 's/:.*//') may write to $1" ;;
    esac
    is_trusted "${4:-0}" || writer="$1 belongs to $(getent passwd "$4" | sed 's/:.*//' | grep . || echo "user $4")"
    if [ -z "$writer" ] && [ -L "$1" ]; then
        target=$(readlink -- "$1") || target=
        case $target in /*) ;; *) target=${1%/*}/$target ;; esac
        writer=$(find_writer "$target")
    fi
    [ -n "$writer" ] || case $1 in
    / | "${ROOT-}") ;;
    *) set -- "${1%/*}" && writer=$(find_writer "${1:-/}") ;;
    esac
    echo "$writer"
}

# is_trusted NUMBER: whether the user is root, runs this, or called sudo for it
# shellcheck disable=SC2031
is_trusted() {
    case $1 in 0 | "$(id -u)" | "${SUDO_UID-}") ;; *) return 1 ;; esac
}

# is_of_one NUMBER: whether the group is the own one of a user who is trusted, and has nobody else in it
# shellcheck disable=SC2031
is_of_one() {
    entry=$(getent group "$1")
    for number in 0 "$(id -u)" "${SUDO_UID:-0}"; do
        user=$(getent passwd "$number" | sed 's/:.*//')
        case $entry in "$user":*: | "$user:"*":$user") ;; *) continue ;; esac
        # with it as their first group, people are in it without being named there
        [ -n "$(getent passwd | awk -F: -v group="$1" -v user="$user" '$4 == group && $3 >= 1000 && $1 != user')" ] || return 0
    done
    return 1
}

# find_mount_options PATH: the options of the file system that the path lies on, or will lie on
find_mount_options() {
    awk -v path="$1/" '
        { mount = $2 ~ /\/$/ ? $2 : $2 "/" }
        index(path, mount) == 1 && length(mount) >= longest { longest = length(mount); options = $4 }
        END { print options }' "${ROOT-}/proc/self/mounts" 2>/dev/null
}

# read_port: http.port of an existing config.yaml, else the default
read_port() {
    port=$(awk '
        /^[^ #]/ { inside = /^http:/ }
        inside && /^ +port:/ { gsub(/[^0-9 ]/, "", $2); print $2; exit }
    ' "${ROOT-}/etc/littlest/config.yaml" 2>/dev/null) || port=
    echo "${port:-80}"
}

# find_holder INODES: "NAME (process PID, unit UNIT)" of a process that has one of the sockets open
find_holder() {
    # One ls for all processes: asking for each open file takes seconds. With /dev/null, it names even a lone directory.
    # shellcheck disable=SC2012  # a number is all that is taken from it
    number=$(ls -l /dev/null "${ROOT-}"/proc/[0-9]*/fd 2>/dev/null | awk -v inodes="$1" '
        BEGIN { count = split(inodes, list); for (i = 1; i <= count; i++) wanted["socket:[" list[i] "]"] }
        /^\/.*\/fd:$/ { sub(/\/fd:$/, ""); sub(/.*\//, ""); number = $0 }
        $NF in wanted { print number; exit }') || number=
    [ -n "$number" ] || return 0
    process=${ROOT-}/proc/$number
    read -r name <"$process/comm" || name=unknown
    unit=$(sed -n 's|.*/\([^/]*\.service\).*|\1|p' "$process/cgroup" 2>/dev/null | sed -n 1p) || unit=
    echo "$name (process $number${unit:+, unit $unit})"
}

# find_unit NAME: where systemd would read it from
find_unit() {
    for directory in /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
        if [ -e "${ROOT-}$directory/$1" ]; then
            echo "${ROOT-}$directory/$1"
            return
        fi
    done
}

# is_ours UNIT: whether its file is one that we wrote; another hub's may well mention The Littlest JupyterHub
is_ours() {
    path=$(find_unit "$1")
    case $1 in
    *.service) grep -q '=/opt/littlest/' "$path" 2>/dev/null ;;
    *) sed 1q "$path" 2>/dev/null | grep -q '^# Written by The Littlest JupyterHub;' ;;
    esac
}
