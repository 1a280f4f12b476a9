# To be sourced where /run is a tmpfs of the mount namespace's own: an ordinary user with a home and 65536 subordinate
# IDs, and `as_user COMMAND`, which runs as that user. The machine's users stay as they are.
uid=4242
# Not in /run, of which rootlesskit makes a copy whose folders are links.
mount -t tmpfs -o mode=755 netwright-engine /var/lib || exit 1
export HOME=/var/lib/home XDG_RUNTIME_DIR=/run/runtime
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR" || exit 1
{ cat /etc/passwd && echo "netwright:x:$uid:$uid::$HOME:/bin/sh"; } >/run/passwd
{ cat /etc/group && echo "netwright:x:$uid:"; } >/run/group
echo "netwright:100000:65536" | tee /run/subuid >/run/subgid
for file in passwd group subuid subgid; do mount --bind "/run/$file" "/etc/$file" || exit 1; done

as_user() {
  chown "$uid:$uid" "$HOME" "$HOME"/* "$XDG_RUNTIME_DIR" /run/socket 2>/dev/null
  setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
