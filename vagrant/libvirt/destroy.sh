# Destroys the machines of a run at a provider that others use as well, then removes the run's folder. A machine that
# cannot be destroyed keeps the folder, so that it is tried again.
#   destroy.sh RUN
run=$1
# Without it the machines were of the run's own libvirt, and are gone: VAGRANT_HOME, VAGRANT_DOTFILE_PATH and more.
if [ -f "$run/environment" ]; then
  . "$run/environment"
  timeout -k 5 120 vagrant destroy -f >"$run/destroy.log" 2>&1 || exit 1
fi
rm -rf "$run"
