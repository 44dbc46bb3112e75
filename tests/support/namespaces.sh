#!/bin/sh
# Runs in network namespaces of its own: a server, and three hosts with a link to it.
#
#     unshare --user --map-root-user --net --mount sh namespaces.sh FOLDER COMMAND...
#
# FOLDER gets host1, host2 and host3, which hold the process id of each namespace.
# COMMAND runs in the server's namespace, which is reached from all hosts at 10.99.0.1.
set -eu
folder=$1
shift
ip link set lo up
ip address add 10.99.0.1/32 dev lo
for i in 1 2 3; do
  # The namespace lives as long as this process: cat ends when this script does.
  unshare --net sh -c "echo \$\$ > $folder/host$i.new; mv $folder/host$i.new $folder/host$i; exec cat" < "$folder/hold" &
done
exec 9> "$folder/hold"
for i in 1 2 3; do
  while [ ! -e "$folder/host$i" ]; do sleep 0.02; done
  pid=$(cat "$folder/host$i")
  ip link add "veth$i" type veth peer name eth0 netns "$pid"
  ip address add "10.99.$i.1/30" dev "veth$i"
  ip link set "veth$i" up
  nsenter --target "$pid" --net sh -c "
    ip address add 10.99.$i.2/30 dev eth0
    ip link set eth0 up
    ip route add 10.99.0.1 via 10.99.$i.1"
done
"$@"
