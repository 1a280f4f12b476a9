# Destroys the machines of a run at a provider that others use as well, then removes the run's folder. A machine that
# cannot be destroyed keeps the folder, so that it is tried again.
#   destroy.sh RUN
run=$1
# Without it the machines were of the run's own libvirt, and are gone: VAGRANT_HOME, VAGRANT_DOTFILE_PATH and more.
if [ -f "$run/environment" ]; then
  . "$run/environment"
  timeout -k 5 120 vagrant destroy -f >"$run/destroy.log" 2>&1 || exit 1
  # The run's own copies of boxes, half-placed ones too.
  [ -z "$VAGRANT_HOME" ] || rm -rf "$VAGRANT_HOME"/boxes/netwright-VAGRANTSLASH-"$NETWRIGHT_RUN"-* \
    "$VAGRANT_HOME"/tmp/netwright-VAGRANTSLASH-"$NETWRIGHT_RUN"-*
fi
rm -rf "$run"
